"""What endpoints would cost, before anything is built: list prices of the catalog, pure and without a clock."""

from .estimate import Assumptions, EndpointCost, TargetCost, Total, estimate, money

__all__ = ["Assumptions", "EndpointCost", "TargetCost", "Total", "estimate", "money"]
