"""Several optimizers: who trains what, and what is refused."""

import pytest
import torch

from mmcontrast.engine.optimizers import AutocastOptimWrapper, OptimWrapperPerPart


def config(*parts, lr=0.1, **kwargs):
    return dict(optimizer=dict(type="SGD", lr=lr), parts=list(parts), **kwargs)


def build(**configs):
    parent = torch.nn.Module()
    for name in "abc":
        setattr(parent, name, torch.nn.Linear(2, 2))
    return parent, OptimWrapperPerPart(configs)(parent)


def test_each_optimizer_has_its_parts_and_its_rate():
    parent, wrappers = build(
        first=config("a", "c"), second=config("b", lr=0.5, type="AutocastOptimWrapper")
    )
    owned = {
        name: {id(p) for group in wrapper.param_groups for p in group["params"]}
        for name, wrapper in wrappers.items()
    }
    assert owned["first"] == {id(p) for part in (parent.a, parent.c) for p in part.parameters()}
    assert owned["second"] == {id(p) for p in parent.b.parameters()}
    assert wrappers.get_lr() == {"first.lr": [0.1], "second.lr": [0.5]}
    assert isinstance(wrappers["second"], AutocastOptimWrapper)


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        (dict(first=config("a"), second=config("b")), "no optimizer trains c.weight, c.bias"),
        (dict(first=config("a", "b"), second=config("b", "c")), "second and first train the same"),
        (dict(first=config("a", "b", "c"), second=config("d")), r"second: none of .* \['d'\]"),
        (dict(first=config("a", "b", "c"), second=config()), r"second: none of the parts \[\]"),
    ],
)
def test_parts_that_do_not_fit(configs, message):
    with pytest.raises(ValueError, match=message):
        build(**configs)
