"""What backbones return: feature maps, and the one feature of each image that they hold.

Shapes: N images, D channels.
"""

from collections.abc import Iterable, Sequence

from torch import Tensor


class MapsWithToken(tuple[Tensor, ...]):
    """Feature maps of a transformer, with the class token that stands for the whole image.

    Args:
        maps: Feature maps (N, D, H, W).
        class_token_ND: Class token behind the last block.
    """

    class_token_ND: Tensor

    def __new__(cls, maps: Iterable[Tensor], class_token_ND: Tensor) -> "MapsWithToken":
        """Make the tuple of the maps."""
        self = super().__new__(cls, tuple(maps))
        self.class_token_ND = class_token_ND
        return self


def pool_maps(maps: Sequence[Tensor]) -> Tensor:
    """Return the global feature (N, D) that belongs to the maps of a backbone.

    Args:
        maps: Feature maps, (N, D, H, W) or (N, D, T, H, W).

    Returns:
        The class token of :class:`MapsWithToken`; for any other backbone the mean of the last map
        over all dimensions behind the channels.
    """
    if isinstance(maps, MapsWithToken):
        return maps.class_token_ND
    last = maps[-1]
    return last.mean(dim=tuple(range(2, last.dim())))
