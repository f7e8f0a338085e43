"""What all simulators share: a journal outside their memory, faults on request, and the way they are served."""
