"""Run by test_survival_of_kills.py: kill -9 before and after every write, then collect.

Usage: python kill_at_every_write.py FOLDER [--all]

Imports once and forks for every trial, so that a trial costs no imports. Prints one JSON object.
A file appears in the one moment of its renaming or linking: these are the writes. With --all, kills
also before and after every other system call that changes the disk (five minutes).
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import rzqiskit as rz
import rzqiskit.circuits.compilation.compiler
import rzqiskit.execution.calibration
import rzqiskit.execution.jobs
import rzqiskit.mitigation
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.submission import collect_all_mitigations, collect_charging, submit_charging

# Every way in which a file or folder of ours comes to be, on both sides of the "network".
WRITES = ("replace", "link", "rename")
OTHERS = ("open", "fsync", "unlink", "mkdir")
SHOTS = 64
BATTERY = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)


def submit(folder):
    # Every kind of circuit there is: Z, Y and X, folded and not, and a calibration.
    submit_charging(
        BATTERY, [0.3], "local:FakeManilaV2", num_steps=2, shots=SHOTS, seed=5,
        noise_factors=(1, 3), total_spin=True, max_circuits_per_job=4, folder=folder,
    )  # fmt: skip


def kill_at(event, after):
    """Let this process kill itself at a numbered write, before or after it."""
    number = 0

    def watch(name):
        original = getattr(os, name)

        def wrapped(*args, **kwargs):
            nonlocal number
            writes = name != "open" or bool(args[1] & os.O_CREAT)
            number += writes
            hit = writes and number == event
            if hit and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*args, **kwargs)
            if hit:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(os, name, wrapped)

    for name in (*WRITES, *(OTHERS if "--all" in sys.argv else ())):
        watch(name)


def in_child(function, *args):
    """Run in a fork; return what it wrote, and whether it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            answer = json.dumps(function(*args))
        except BaseException as error:
            answer = json.dumps(f"{type(error).__name__}: {error}")
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return (json.loads(text) if text else None), killed


def submit_and_die(folder, event, after):
    kill_at(event, after)
    submit(folder)


def collect_and_die(folder, event, after):
    kill_at(event, after)
    collect_charging(folder)


def outcome(folder):
    """Collect as a user would, in a process of its own, and say what came of it."""
    if not folder.exists():
        submit(folder)
    first = collect_charging(folder)
    data = collect_charging(folder, resubmit=True)
    again = collect_charging(folder)
    tree = collect_all_mitigations(folder)
    jobs = list((folder / "local_service" / "jobs").glob("rehearsal-*.job.json"))
    return {
        "counts": [data.counts.values.tolist(), data.counts_y.values.tolist()],
        "energy": {name: node.stored_energy.values.tolist() for name, node in tree.items()},
        "raw": [sorted(seen.items()) for seen in RunFolder(folder).counts()],
        "complete": [int(first.complete), int(data.complete), int(again.complete)],
        "jobs": len(jobs),
        "same_again": bool(again.identical(data)),
    }


def trials(base, prepare, act):
    """Kill `act` at every write until it survives; return the outcome of each trial."""
    found = []
    for after in (False, True):
        event = 0
        while True:
            event += 1
            folder = base / f"{act.__name__}-{event}-{after}"
            prepare(folder)
            error, killed = in_child(act, folder, event, after)
            result, _ = in_child(outcome, folder)
            found.append({"event": event, "after": after, "killed": killed, "result": result})
            if not killed:
                found[-1]["error"] = error
                break
    return found


def main():
    base = Path(sys.argv[1])
    # Loads what Datasets need, and the versions that they name, once for all trials.
    make_dataset({"stored_energy": (("time",), [0.0])}, {"time": (("time",), [0.0])}, provenance())
    reference = base / "reference"
    in_child(submit, reference)
    sent = base / "sent"
    shutil.copytree(reference, sent)
    expected, _ = in_child(outcome, reference)
    answer = {
        "expected": expected,
        "submit": trials(base, lambda folder: None, submit_and_die),
        "collect": trials(base, lambda folder: shutil.copytree(sent, folder), collect_and_die),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
