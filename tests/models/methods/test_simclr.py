"""SimCLR: one forward pass for both views, both directions."""

import copy
import math

import pytest
import torch

from mmcontrast.engine.optimizers import LARS
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
    torch.testing.assert_close(loss, 2 * nt_xent(views0, views1, 0.1).loss.mean())


def authors_loss(z0, z1, temperature):
    """The sum over both directions of the mean cross-entropy, pair by pair."""
    total = 0.0
    for own, other in ((z0, z1), (z1, z0)):
        for i in range(len(own)):
            exponents = [own[i] @ z / temperature for z in other]
            exponents += [own[i] @ own[k] / temperature for k in range(len(own)) if k != i]
            total = total + (torch.stack(exponents).logsumexp(0) - exponents[i]) / len(own)
    return total


class AuthorsLARS:
    """Decay enters the gradient before its norm is taken; biases and norms are left out by name."""

    def __init__(self, named_parameters, lr, decay):
        self.parameters = list(named_parameters)
        self.buffers = {name: torch.zeros_like(p) for name, p in self.parameters}
        self.lr, self.decay = lr, decay

    @torch.no_grad()
    def step(self, is_excluded):
        for name, parameter in self.parameters:
            if parameter.grad is None:
                continue
            gradient, trust = parameter.grad, 1.0
            if not is_excluded(name):
                gradient = gradient + self.decay * parameter
                trust = 0.001 * math.sqrt((parameter**2).sum() / (gradient**2).sum())
            self.buffers[name] = 0.9 * self.buffers[name] + self.lr * trust * gradient
            parameter -= self.buffers[name]
            parameter.grad = None


def test_three_steps_equal_the_authors():
    method, batch = build_method("SimCLR"), make_batch(12)
    inputs = method.data_preprocessor(batch, True)["inputs"]
    reference = copy.deepcopy(method).double()
    start = {name: p.detach().clone() for name, p in reference.named_parameters()}
    excluded = {name for name, p in start.items() if name.endswith("bias") or p.dim() == 1}
    optimizer = LARS(method.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    authors = AuthorsLARS(reference.named_parameters(), lr=0.1, decay=1e-4)
    views = torch.cat([inputs["view0"], inputs["view1"]]).double()
    for _ in range(3):
        optimizer.zero_grad()
        method.loss(inputs, [])["loss"].backward()
        optimizer.step()
        z = torch.nn.functional.normalize(reference.neck(reference.backbone(views)), dim=1)
        authors_loss(*z.chunk(2), 0.1).backward()
        authors.step(excluded.__contains__)
    ours = {name: p.detach().double() for name, p in method.named_parameters()}
    theirs = {name: p.detach() for name, p in reference.named_parameters()}
    for names in (excluded, ours.keys() - excluded):
        moved, expected = (
            torch.cat([(weights[n] - start[n]).flatten() for n in sorted(names)]).norm().item()
            for weights in (ours, theirs)
        )
        assert moved / expected == pytest.approx(1, abs=1e-4)
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-5, atol=2e-6, msg=name)
