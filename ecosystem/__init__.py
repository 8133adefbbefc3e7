"""What other packages do with arrays, run on the drop-in: their own test suites, and a job of ours with each."""
