"""SimCLR: one forward pass for both views, both directions."""

import pytest
import torch

from mmcontrast.models.losses import nt_xent
from tests.small import build_method, losses, make_batch


def test_both_views_share_batch_statistics():
    method, batch = build_method("SimCLR"), make_batch()
    sizes = []
    method.backbone.register_forward_hook(lambda m, args, out: sizes.append(len(args[0])))
    losses(method, batch)
    assert sizes == [16]


def test_loss_is_symmetric_in_the_views():
    batch = make_batch()
    swapped = dict(
        batch, inputs=dict(view0=batch["inputs"]["view1"], view1=batch["inputs"]["view0"])
    )
    one = losses(build_method("SimCLR"), batch)["loss"].item()
    assert one == pytest.approx(losses(build_method("SimCLR"), swapped)["loss"].item(), abs=1e-5)


def test_loss_is_nt_xent_of_the_projections():
    method, batch = build_method("SimCLR"), make_batch()
    outputs = []
    method.nt_xent.register_forward_hook(lambda m, args, out: outputs.append((args, out)))
    loss = losses(method, batch)["loss"]
    (views0, views1), _ = outputs[0]
    torch.testing.assert_close(views0.norm(dim=1), torch.ones(8))
    torch.testing.assert_close(loss, nt_xent(views0, views1, 0.1).loss.mean())
