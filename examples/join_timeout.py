"""A join that gives up, and one that does not."""

from threading import Event, Thread


def bake(baked: Event, out: list[str]) -> None:
    """Take the bread out when it is baked."""
    baked.wait()
    out.append("bread")


if __name__ == "__main__":
    baked = Event()
    out: list[str] = []
    oven = Thread(target=bake, args=(baked, out))
    oven.start()
    oven.join(0.02)
    # A join does not say why it returned: whether the thread is alive does.
    print("still in the oven:", oven.is_alive())
    baked.set()
    oven.join()
    print(f"the {out[0]} is out, still in the oven:", oven.is_alive())
