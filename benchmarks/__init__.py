"""How fast the embedded queues are: `python -m benchmarks`. Compare figures of one run only; machines differ."""
