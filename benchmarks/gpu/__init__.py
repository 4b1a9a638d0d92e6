"""What PyTorch and transformers allocate on this machine's GPU, beside what the engine predicts: `make gpu`."""
