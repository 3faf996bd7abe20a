"""Digit classifiers in Haiku."""

from classifier.models import MLP, ResNet

__all__ = ["MLP", "ResNet"]
