"""One side of the comparison: a child process that runs programs and answers with their outcomes.

It reads a line of JSON from standard input and answers with one. `--weftline` makes the standard
names weftline's. The number of the running program stands in a shared file, so the parent knows
which one crashed or hung the process.
"""

import faulthandler
import gc
import json
import mmap
import os
import sys
import traceback


def main(arguments):
    place = mmap.mmap(int(arguments[0]), 8)
    if "--weftline" in arguments:
        import weftline

        weftline.install()
    from fuzz import concurrent, execute, generate

    execute.prepare()
    watchdog = execute.Watchdog()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    faulthandler.enable()
    gc.disable()

    def outcome(program, is_slow=False):
        if program.shape:
            return concurrent.run(program, watchdog, is_slow)
        return execute.run(program.steps, watchdog, program.threaded, is_slow)

    for line in sys.stdin:
        order = json.loads(line)
        if "programs" in order:
            answer = []
            for number, told in enumerate(order["programs"]):
                place[:8] = number.to_bytes(8, "little")
                answer.append(outcome(generate.Program.from_json(told)))
        elif "indexes" not in order:
            program = generate.Program.from_json(order)
            answer = [outcome(program, is_slow=True) for _ in range(order["times"])]
        else:
            make = concurrent.program if order["concurrent"] else generate.program
            answer = []
            for index in order["indexes"]:
                place[:8] = index.to_bytes(8, "little")
                told = outcome(make(f"{order['seed']}/{index}"))
                answer.append(told if order["whole"] else hash("\n".join(told)))
            gc.collect()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BaseException:  # noqa: BLE001 - it is printed
        traceback.print_exc()
        sys.stderr.flush()
        # Without the wait for threads that programs have left behind.
        os._exit(1)
