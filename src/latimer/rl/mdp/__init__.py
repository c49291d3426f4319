"""Finite Markov decision processes: built, checked, evaluated, saved."""
