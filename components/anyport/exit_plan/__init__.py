"""What is left when one provider, operator, place or model owner is gone; pure and without a clock."""

from .losses import Loss, every_loss, loss_of
from .survive import Survival, survivals

__all__ = ["Loss", "Survival", "every_loss", "loss_of", "survivals"]
