"""Outputs of two systems and their references, made up."""

import random

WORDS = ["lumo", "pordo", "horlo", "zuma", "en", "la", "halo", "kuir", "olda", "nova"]


def corpus(sentences: int, spoilt: tuple[float, float], seed: int = 0) -> list[list[str]]:
    """Two systems and the references: each word is another with the probabilities in `spoilt`."""
    chance = random.Random(seed)
    references = [chance.choices(WORDS, k=chance.randint(1, 12)) for _ in range(sentences)]
    systems = [
        [
            [chance.choice(WORDS) if chance.random() < share else word for word in words]
            for words in references
        ]
        for share in spoilt
    ]
    return [[" ".join(words) for words in text] for text in (*systems, references)]
