"""Speed and memory, measured beside others on the same machine in the same run."""
