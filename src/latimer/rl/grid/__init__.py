"""Grid worlds: drawn, simulated, pictured."""
