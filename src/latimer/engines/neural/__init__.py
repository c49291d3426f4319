"""The neural engine: recurrent networks in PyTorch."""
