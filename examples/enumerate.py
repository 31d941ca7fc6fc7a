"""All threads are waited for, though the program keeps no list of them: the library has."""

import threading

may_go = threading.Event()

if __name__ == "__main__":
    for name in ["Ada", "Ben", "Cleo"]:
        threading.Thread(target=may_go.wait, name=name, daemon=True).start()
    print("at the table:", threading.active_count())
    host = threading.main_thread()
    guests = [thread for thread in threading.enumerate() if thread is not host]
    may_go.set()
    for guest in guests:
        guest.join()
        print(guest.name, "has left")
    print("at the table:", threading.active_count())
