"""Systems made of nothing but their outputs."""

from latimer.compare.translated import Output, Translated


def system(name, *members):
    """Each member is a list of lines."""
    return Translated(name, tuple(Output(tuple(lines)) for lines in members))
