"""The processes of a server, read from /proc."""

import os
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


def trainer_below(pid):
    """The worker process that trains: the only one below the server that has the store open."""
    def opened(worker):
        return {os.path.realpath(file) for file in Path(f"/proc/{worker}/fd").glob("*")}
    return next((worker for worker in descendants(pid) if any(name.endswith("sigprop.db") for name in opened(worker))), None)


def workers_below(pid):
    """The worker processes of a server: the children of its fork server."""
    own = children()
    return [worker for child in own.get(pid, []) for worker in own.get(child, [])]


def fork_server_below(pid):
    """The fork server of a server, if it has one just now."""
    return next((child for child in children().get(pid, []) if "forkserver" in command(child)), None)
