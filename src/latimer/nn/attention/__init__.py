"""Attention, a file each: which source positions a step reads.

`latimer.nn.names.ATTENTIONS` lists them.
"""

from latimer.nn.attention.attention import AttentionAfter, AttentionPass
from latimer.nn.attention.bahdanau import BahdanauAttention

__all__ = ["AttentionAfter", "AttentionPass", "BahdanauAttention"]
