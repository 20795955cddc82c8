"""The main of the process that draws: a line of JSON in, a picture out.

A question is `{"days": […], "bands": [{"label", "this_week", "last_week"}, …]}` on a line of stdin;
its answer four bytes of length, big-endian, and the PNG. It ends when its input ends.
"""

import json
import signal
import struct
import sys

from bot.publishing.charts import Band
from bot.publishing.painting import paint

LENGTH = struct.Struct(">I")


def main() -> None:
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints would stand among the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends the input
    for line in questions:
        question = json.loads(line)
        png = paint(question["days"], [Band(**band) for band in question["bands"]])
        answers.write(LENGTH.pack(len(png)) + png)
        answers.flush()


if __name__ == "__main__":
    main()
