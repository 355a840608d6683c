#!/usr/bin/env python3
"""Records a session in the demo as an asciinema cast: record-demo.py SIGNOFF OUT.cast

Plays the keys below in a pseudo-terminal and writes what the program draws, in the format
https://docs.asciinema.org/manual/asciicast/v2/. Needs Python 3.10 and nothing else.
"""

import codecs
import fcntl
import json
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time

COLUMNS, ROWS = 100, 30

# What is pressed, and for how long the screen is looked at afterwards, in seconds.
KEYS = [
    ("", 2.5),
    ("g", 1.0),
    ("\r", 3.0),  # the review of the first version, on its differences
    ("2", 2.5),  # lineage
    ("3", 2.5),  # artifacts: the confusion matrix beside that of production
    ("jj", 2.5),  # its numbers
    ("4", 2.0),  # verdict
    ("5", 1.5),  # checklist
    ("y", 0.6),
    ("y", 0.6),
    ("y", 1.5),
    ("a", 3.0),  # the plan
    ("v", 0.3),
    ("4", 0.3),
    ("2", 1.5),
    ("\r", 9.0),  # mark, stage, tag, release, CD
    ("\x1b", 1.5),
    ("H", 3.0),  # the history
    ("q", 0.5),
]


def main(program: str, out: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        pid, fd = pty.fork()
        if pid == 0:
            env = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": home, "SIGNOFF_STATE_DIR": home}
            os.execve(program, [program, "demo", "--reset"], env)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        start = time.monotonic()
        decoder = codecs.getincrementaldecoder("utf-8")()
        events = []

        def watch(seconds: float) -> bool:
            """Records for so long; false once the program has ended."""
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                if not select.select([fd], [], [], left)[0]:
                    continue
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    return False
                if not data:
                    return False
                events.append([round(time.monotonic() - start, 3), "o", decoder.decode(data)])
            return True

        for keys, pause in KEYS:
            os.write(fd, keys.encode())
            if not watch(pause):
                break
        os.waitpid(pid, 0)
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "signoff demo", "env": {"TERM": "xterm-256color"}}
    with open(out, "w", encoding="utf-8") as cast:
        for line in [header, *events]:
            cast.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), sys.argv[2])
