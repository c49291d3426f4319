"""Statistical translation: word alignment, phrases, language models, stack search, tuning."""
