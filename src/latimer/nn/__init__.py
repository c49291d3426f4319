"""Networks only: recurrent stacks, attention, encoder, decoder."""
