"""Speed and memory: each figure beside a limit measured in the same run, beside its target. `python -m tests.bench`; nothing is asserted."""
