"""The grid worlds of the textbooks, drawn."""

from __future__ import annotations

WORLDS = {
    "sutton-3.5": """\
# Sutton & Barto (2018), examples 3.5 and 3.8: A pays 10 and leads to a, B pays 5 and leads to b.
discount: 0.9
step: 0
bump: -1
A = jump a +10
B = jump b +5

.A.B.
.....
...b.
.....
.a...
""",
    "sutton-4.1": """\
# Sutton & Barto (2018), example 4.1: -1 a move until one of two corners is reached.
discount: 1
step: -1

G...
....
....
...G
""",
    "cliff": """\
# Sutton & Barto (2018), example 6.6: falling off the cliff costs 100 and leads back to the start.
discount: 1
step: -1
C = back -100

............
............
............
SCCCCCCCCCCG
""",
    "windy": """\
# Sutton & Barto (2018), example 6.5: the wind blows upwards.
discount: 1
step: -1
wind: 0 0 0 1 1 1 2 2 1 0

..........
..........
..........
S......G..
..........
..........
..........
""",
    "windy-king": """\
# Sutton & Barto (2018), exercise 6.9: the same with king's moves.
discount: 1
step: -1
moves: 8
wind: 0 0 0 1 1 1 2 2 1 0

..........
..........
..........
S......G..
..........
..........
..........
""",
    "dyna-maze": """\
# Sutton & Barto (2018), example 8.1: 1 for reaching the goal, 14 steps away.
discount: 0.95
step: 0
G = end +1

.......#G
..#....#.
S.#....#.
..#......
.....#...
.........
""",
    "aima": """\
# Russell & Norvig, Artificial Intelligence (4th edition), figure 17.1: rewards on entering a cell.
discount: 1
step: -0.04
slip: 0.2
+ = end +1
- = end -1

...+
.#.-
S...
""",
}
