"""Hypothesis without deadlines: how long an example takes does not say whether it is right."""

from hypothesis import settings

settings.register_profile("latimer", deadline=None)
settings.load_profile("latimer")
