"""Translation by rules that a linguist writes: lexicon, paradigms and transfer patterns.

A text passes through four steps, each a module: analysis, lexical transfer, syntactic transfer,
generation.
"""
