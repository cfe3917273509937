"""The processes of a server, read from /proc."""

import time
from pathlib import Path


def children():
    """Every process's children."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    return found


def descendants(pid):
    """Processes below this one."""
    own = children()
    found, queue = [], [pid]
    while queue:
        below = own.get(queue.pop(), [])
        found += below
        queue += below
    return found


def command(pid):
    """The command line; empty where the process has ended, even if nobody has reaped it yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def gone(pids):
    """Whether none of the processes runs any more."""
    return not any(command(pid) for pid in pids)


def computed(pid):
    """Clock ticks of processor time that the process has taken."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def trainer_below(pid, ticks=10, timeout_s=60):
    """The worker of a server that trains while no other one does: it takes processor time, and the others take none."""
    before = {worker: computed(worker) for worker in workers_below(pid)}
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        time.sleep(0.05)
        taken = {worker: computed(worker) - begun for worker, begun in before.items()}
        if max(taken.values(), default=0) >= ticks:
            return max(taken, key=taken.get)
    raise AssertionError("no worker computes")


def workers_below(pid):
    """The worker processes of a server: the children of its fork server."""
    own = children()
    return [worker for child in own.get(pid, []) for worker in own.get(child, [])]


def fork_server_below(pid):
    """The fork server of a server, if it has one just now."""
    return next((child for child in children().get(pid, []) if "forkserver" in command(child)), None)
