"""Networks made ready for search: folded, with products in 8 or 16 bits."""
