"""Hypothesis without deadlines: how long an example takes does not say whether it is right.

And a second device, which has to be there before the first backward pass.
"""

from hypothesis import settings

import elsewhere

settings.register_profile("latimer", deadline=None)
settings.load_profile("latimer")
elsewhere.register()
