"""Digits drawn by the program: seven-segment figures, shifted and with noise."""

from collections.abc import Iterator

import numpy as np

# Segments by digit: top, top right, bottom right, bottom, bottom left, top left, middle.
_SEGMENTS = [
    "012345",
    "12",
    "01346",
    "01236",
    "1256",
    "02356",
    "023456",
    "012",
    "0123456",
    "012356",
]
_STROKES = {
    "0": (slice(4, 6), slice(8, 20)),
    "1": (slice(4, 14), slice(18, 20)),
    "2": (slice(14, 24), slice(18, 20)),
    "3": (slice(22, 24), slice(8, 20)),
    "4": (slice(14, 24), slice(8, 10)),
    "5": (slice(4, 14), slice(8, 10)),
    "6": (slice(13, 15), slice(8, 20)),
}


def _figures() -> np.ndarray:
    figures = np.zeros((10, 28, 28), np.float32)
    for digit, segments in enumerate(_SEGMENTS):
        for segment in segments:
            figures[(digit, *_STROKES[segment])] = 1.0
    return figures


def batches(batch_size: int, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images [batch, 28, 28, 1] and labels [batch], for ever."""
    rng = np.random.default_rng(seed)
    figures = _figures()
    while True:
        labels = rng.integers(0, 10, batch_size)
        shifts = rng.integers(-3, 4, (batch_size, 2))
        images = np.stack(
            [
                np.roll(figures[label], shift, (0, 1))
                for label, shift in zip(labels, shifts, strict=True)
            ]
        )
        images += 0.3 * rng.standard_normal(images.shape, np.float32)
        yield images[..., None], labels
