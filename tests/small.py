"""Small forms of every registered method, and small batches, for the tests of all of them."""

import copy

import numpy as np
import torch
from torch import nn

from mmcontrast.datasets.graph_files import Graph, undirected
from mmcontrast.datasets.graphs import Graphs, collate_graphs
from mmcontrast.registry import MODELS


@MODELS.register_module()
class TinyNet(nn.Sequential):
    """Three convolutions: 32-pixel images become maps of 24 channels on a 2x2 grid."""

    def __init__(self, norm_cfg):
        layers = []
        for channels_in, channels, stride in ((3, 8, 4), (8, 16, 2), (16, 24, 2)):
            layers += [
                nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False),
                MODELS.build(norm_cfg, default_args=dict(num_features=channels)),
                nn.ReLU(),
            ]
        super().__init__(*layers)

    def forward(self, x):
        """Compute the one feature map."""
        return (super().forward(x),)


BACKBONE = dict(type="TinyNet", norm_cfg=dict(type="SplitBN", num_groups=4))
HEAD = dict(type="LinearHead", in_channels=24, num_classes=3)
WIDTHS = dict(in_channels=24, hidden_channels=32, out_channels=16)

SYNC = dict(type="SyncBN")
PROJECTOR = dict(type="Projection", num_layers=3, norm_cfg=SYNC, bias_with_norm=True, **WIDTHS)
PREDICTOR = dict(type="Prediction", in_channels=16, hidden_channels=8, norm_cfg=SYNC)

CONFIGS = {
    "SimCLR": dict(
        backbone=dict(type="TinyNet", norm_cfg=dict(type="SyncBN")),
        neck=dict(type="Projection", norm_cfg=dict(type="SyncBN"), **WIDTHS),
        loss=dict(type="NTXent", temperature=0.1),
    ),
    "MoCoV2": dict(
        backbone=BACKBONE,
        neck=dict(type="Projection", **WIDTHS),
        loss=dict(type="InfoNCE", temperature=0.2),
        queue_size=48,
    ),
    "DenseCL": dict(
        backbone=BACKBONE,
        neck=dict(type="DenseProjection", **WIDTHS),
        loss=dict(type="InfoNCE", temperature=0.2),
        dense_loss=dict(type="InfoNCE", temperature=0.2),
        queue_size=48,
    ),
    "VFS": dict(
        backbone=dict(type="TinyNet", norm_cfg=dict(type="SyncBN")),
        projector=dict(
            type="Projection",
            num_layers=3,
            norm_cfg=dict(type="SyncBN"),
            bias_with_norm=True,
            **WIDTHS,
        ),
        predictor=dict(
            type="Prediction", in_channels=16, hidden_channels=4, norm_cfg=dict(type="SyncBN")
        ),
        loss=dict(type="FramePairLoss"),
    ),
    "VFSNegatives": dict(
        backbone=BACKBONE,
        neck=dict(type="Projection", **WIDTHS),
        loss=dict(type="InfoNCE", temperature=0.2),
        queue_size=48,
    ),
    "CrissCross": dict(
        video_backbone=dict(type="LightR2Plus1D", depth=10, base_channels=3, norm_cfg=SYNC),
        video_projector=PROJECTOR,
        video_predictor=PREDICTOR,
        audio_backbone=dict(type="AudioResNet", base_channels=3, norm_cfg=SYNC),
        audio_projector=PROJECTOR,
        audio_predictor=PREDICTOR,
        loss=dict(type="CrossModalLoss"),
    ),
    "XDC": dict(
        video_backbone=dict(type="R2Plus1D", base_channels=3, norm_cfg=SYNC),
        audio_backbone=dict(type="AudioResNet", base_channels=3, norm_cfg=SYNC),
        num_clusters=4,
    ),
    "ContrastCorr": dict(
        backbone=dict(type="TinyNet", norm_cfg=dict(type="SyncBN")),
        codec=dict(type="PatchCodec", patch_size=16),
        loss=dict(type="LabColorLoss", threshold=2.5),
        window=2,
        concentration_start=0,
        channel_dropout=0.0,
        data_preprocessor=dict(type="ViewPreprocessor", mean=[128] * 3, std=[128] * 3),
    ),
    "ColorReconstruction": dict(
        codec=dict(type="ColorAutoEncoder", base_channels=6),
        loss=dict(type="LabColorLoss"),
        data_preprocessor=dict(type="ViewPreprocessor", mean=[128] * 3, std=[128] * 3),
    ),
    "MVGRL": dict(
        encoder=dict(type="GCN", in_channels=5, hidden_channels=8),
        level="node",
        loss=dict(type="MutualInformation", estimator="bce"),
        critic=dict(type="BilinearCritic", channels=8),
        readout="mean_sigmoid",
    ),
    "CEGZSL": dict(
        generator=dict(
            type="FeatureGenerator",
            num_noise=3,
            num_attributes=4,
            num_features=8,
            hidden_channels=16,
        ),
        critic=dict(type="FeatureCritic", num_features=8, num_attributes=4, hidden_channels=16),
        embedding=dict(type="FeatureEmbedding", in_channels=8, out_channels=12),
        projection=dict(type="FeatureEmbedding", in_channels=12, out_channels=6, relu=False),
        comparator=dict(type="Comparator", in_channels=12, num_attributes=4, hidden_channels=10),
        instance_weight=0.1,
        class_weight=0.1,
        num_synthesized=20,
    ),
    "LinearProbe": dict(backbone=BACKBONE, head=HEAD, pretrained="random"),
    "FineTuning": dict(backbone=BACKBONE, head=HEAD, pretrained="random"),
    "FrozenBackbone": dict(backbone=BACKBONE, pretrained="random"),
    "LabelPropagation": dict(
        backbone=BACKBONE,
        protocol="vfs_r18",
        propagator=dict(radius=2),
        pretrained="random",
        data_preprocessor=dict(type="ViewPreprocessor"),
    ),
    "SiamFC": dict(
        backbone=BACKBONE, head=dict(type="SiameseHead", in_channels=24), pretrained="random"
    ),
}
# Their inputs are clips and sounds, or no images.
AUDIOVISUAL = ("CrissCross", "XDC")
OTHERS = ("CEGZSL", "MVGRL", *AUDIOVISUAL)
CLASSIFIERS = ("FineTuning", "LinearProbe")
# They have features and no loss.
UNTRAINED = ("FrozenBackbone", "LabelPropagation")
# A loss of cosines is about 0 at the start, so it is compared by its range.
ABSOLUTE_TOLERANCES = {"CrissCross": 0.05}
# What `predict` adds to a data sample, where it is not `global` alone.
PREDICTIONS = {
    "CrissCross": {"video", "audio", "video_embedding", "audio_embedding"},
    "XDC": {"video", "audio", "video_embedding", "audio_embedding"},
    "CEGZSL": {"generalized", "conventional"},
    "MVGRL": {"global", "nodes"},
    "FineTuning": {"global", "scores"},
    "LinearProbe": {"global", "scores"},
    "LabelPropagation": {"masks"},
    "SiamFC": {"boxes"},
}
# Cells of the feature map of 32 pixels, where it is not TinyNet's.
GRIDS = {"ColorReconstruction": (4, 4)}


def build_method(name, seed=0, **changes):
    """Build a small method with the same weights for the same seed."""
    torch.manual_seed(seed)
    return ready(MODELS.build({"type": name, **copy.deepcopy(CONFIGS[name]), **changes}))


def ready(method, num_samples=16):
    """Give a method that learns clusters some, which do not depend on the data."""
    for number, source in enumerate(getattr(method, "clusters", ())):
        labels = (torch.arange(num_samples) // (number + 1)) % method.num_clusters
        width = 24 * (2 if source == "joint" else 1)
        centroids = torch.randn(method.num_clusters, width, generator=torch.Generator())
        method.set_clusters(source, labels, centroids)
    return method


def make_batch(num_images=8, side=32, seed=0):
    """Two views of noise images that share their low frequencies, as a data loader gives them."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(40, 216, (num_images, 3, 8, 8), generator=generator).float()
    base = torch.nn.functional.interpolate(coarse, side, mode="bilinear")
    views = {
        f"view{v}": (base + 20 * torch.randn(base.shape, generator=generator))
        .clamp(0, 255)
        .to(torch.uint8)
        for v in range(2)
    }
    crop = dict(box=(0.0, 0.0, float(side), float(side)), flip=False, size=(side, side))
    samples = [
        dict(index=i, label=i % 3, view0=dict(crop), view1=dict(crop)) for i in range(num_images)
    ]
    return dict(inputs=views, data_samples=samples)


def make_clips(num_videos=8, side=32, seed=0):
    """Two views of two frames each, as a data loader gives them."""
    batches = [make_batch(num_videos, side, seed + 100 * frame) for frame in range(2)]
    inputs = {
        name: torch.stack([batch["inputs"][name] for batch in batches], dim=2)
        for name in ("view0", "view1")
    }
    return dict(inputs=inputs, data_samples=batches[0]["data_samples"])


def make_pair(num_videos=8, side=32, seed=0, target_side=None):
    """Two frames of each video, as a data loader gives them; what is in LAB does not matter."""
    batch = make_batch(num_videos, side, seed)
    reference, target = batch["inputs"].values()
    if target_side is not None:
        target = make_batch(num_videos, target_side, seed)["inputs"]["view1"]
    return dict(batch, inputs=dict(reference=reference, target=target))


def make_graphs(num_graphs=8, side=None, seed=0, only=None, **views):
    """Random graphs of 4 to 9 nodes, as a data loader gives them; ``only`` one of them."""
    rng = np.random.default_rng(seed)
    graphs = []
    for number in range(num_graphs):
        size = int(rng.integers(4, 10))
        edges = undirected(rng.integers(0, size, (2 * size, 2)), size, "graph")
        features = rng.random((size, 5), np.float32)
        graphs.append(Graph(edges, features, f"graph {number}", label=number % 3))
    data = Graphs(graphs, prepare=[dict(type="GraphViews", **views)])
    return collate_graphs([data[i] for i in (range(num_graphs) if only is None else [only])])


def make_seen_batches(num_rows=8, side=None, seed=0, num_batches=3):
    """Features around the attributes of five seen classes, as a data loader gives them."""
    generator = torch.Generator().manual_seed(seed)
    attributes = torch.rand(5, 4, generator=generator)
    label = torch.randint(5, (num_batches, num_rows), generator=generator)
    noise = 0.1 * torch.rand(num_batches, num_rows, 8, generator=generator)
    feature = attributes.repeat(1, 2)[label] + noise
    inputs = dict(feature=feature, label=label, attributes=attributes)
    return dict(inputs=inputs, data_samples=[dict(index=0)])


def make_crops(num_pairs=4, side=None, seed=0):
    """Pairs of noise crops in the sizes of SiamFC, as a data loader gives them."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        name: torch.randint(256, (num_pairs, 3, size, size), generator=generator, dtype=torch.uint8)
        for name, size in (("exemplar", 120), ("search", 239))
    }
    return dict(inputs=inputs, data_samples=[dict(index=i) for i in range(num_pairs)])


def make_zero_shot_task():
    """Attributes of seven classes, of which two are unseen, and rows of all."""
    generator = torch.Generator().manual_seed(0)
    inputs = dict(
        train_feature=torch.rand(20, 8, generator=generator),
        train_label=torch.arange(20) % 5,
        attributes=torch.rand(7, 4, generator=generator),
        seen=torch.arange(7) < 5,
        feature=torch.rand(6, 8, generator=generator),
    )
    return dict(inputs=inputs, data_samples=[dict(index=0)])


def make_videos(**label):
    """Two videos of three frames and a label of the first one, as a data loader gives them."""
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(256, (2, 3, 3, 64, 64), generator=generator, dtype=torch.uint8)
    labels = {name: [value] * 2 for name, value in label.items()}
    inputs = dict(clip=[list(clip) for clip in frames], **labels)
    return dict(inputs=inputs, data_samples=[dict(index=i) for i in range(2)])


def make_audiovisual(num_videos=8, side=32, seed=0, views=("0", "1")):
    """Clips (N, 3, 2, 32, 32) and spectrograms (N, 1, 32, 64) with the same shapes in them."""
    clips = [make_batch(num_videos, side, seed + 100 * frame)["inputs"] for frame in range(2)]
    inputs = {}
    for view in views:
        frames = [clip["view0" if view == "0" else "view1"] for clip in clips]
        inputs[f"video{view}"] = torch.stack(frames, dim=2)
        sound = inputs[f"video{view}"].float().mean(dim=(1, 2))[:, None] / 64 - 2
        inputs[f"audio{view}"] = sound.repeat_interleave(2, dim=3)
    samples = [dict(index=i, sample_idx=i, label=i % 3) for i in range(num_videos)]
    return dict(inputs=inputs, data_samples=samples)


def make_clips_with_sound(num_videos=8, side=32, seed=0):
    """One clip with its sound of each video."""
    return make_audiovisual(num_videos, side, seed, views=("",))


BATCHES = {
    "CrissCross": make_audiovisual,
    "XDC": make_clips_with_sound,
    "SiamFC": make_crops,
    "CEGZSL": make_seen_batches,
    "MVGRL": make_graphs,
    "VFS": make_clips,
    "VFSNegatives": make_clips,
    "ContrastCorr": make_pair,
}


def training_batch(name, *args, **kwargs):
    """What the method of that name is trained on; the others are trained on two views."""
    return BATCHES.get(name, make_batch)(*args, **kwargs)


def evaluation_batch(name):
    """What ``predict`` of the method of that name is given."""
    if name == "CEGZSL":
        return make_zero_shot_task()
    if name == "LabelPropagation":
        mask = np.zeros((64, 64), np.uint8)
        mask[16:40, 16:40] = 1
        return make_videos(mask=mask)
    if name == "SiamFC":
        return make_videos(box=np.array([20.0, 20.0, 16.0, 16.0]))
    if name in AUDIOVISUAL:
        return make_audiovisual(views=("",))
    return make_graphs() if name == "MVGRL" else make_batch()


def losses(method, batch):
    """Run a training forward pass."""
    return method(**method.data_preprocessor(batch, True), mode="loss")


def total(outputs):
    """Sum the losses as MMEngine does."""
    return sum(value for key, value in outputs.items() if "loss" in key)
