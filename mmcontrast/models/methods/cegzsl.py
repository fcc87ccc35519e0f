"""CE-GZSL: generate features of unseen classes, and classify in a space learned by contrast.

Han, Fu, Chen and Yang, "Contrastive Embedding for Generalized Zero-Shot Learning", CVPR 2021,
arXiv 2103.16173.

    x~ = G(noise, a)                            features of a class with the attributes a
    h  = E(x),   z = H(h) / |H(h)|              embedding, and what instances are compared by
    L_D   = E D(x~, a) - E D(x, a) + 10 gp      critic D, with gradient penalty
    L_ins = supervised contrast of z            between instances, temperature t_e
    L_cls = cross-entropy of F(h, a_s) / t_s    between an instance and the seen classes s

    critic step, K times:  D, E, H, F  minimize  L_D + L_ins(real) + L_cls(real)
    generator step:        G           minimizes -E D(x~, a) + w L_ins(x~ and real) + w L_cls(x~)

Classifying (section 3.4): features of the unseen classes are generated, and a softmax is trained on
embeddings of these and of the real ones of the seen classes.

What differs from the authors' code: gradients of every network are zeroed at each step, where
theirs of F pile up over an epoch (``ref_compat``); a batch in which no instance has a positive has
an L_ins of 0, not NaN; and the last epoch of the softmax counts, not the best one on the test set.

Shapes: K batches of B rows, D features, A attributes, E numbers of h, C of z; S seen and U unseen
of M classes; N generated rows, Z numbers of noise each; T rows to classify.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from mmcontrast.models.losses.gradient_penalty import gradient_penalty
from mmcontrast.models.losses.supervised_contrast import supervised_contrast
from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.modules.softmax_regression import softmax_regression
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs
from mmcontrast.utils.arguments import check_number, check_sizes

_PENALTY_WEIGHT = 10.0
_GENERALIZED_EPOCHS, _CONVENTIONAL_EPOCHS = 25, 100


@MODELS.register_module()
class CEGZSL(Method):
    """CE-GZSL; batches are those of ``mmcontrast.datasets.zeroshot``.

    It is trained by two optimizers, ``critic`` and ``generator``: ``optim_wrapper`` is an
    ``OptimWrapperDict``, which ``constructor='OptimWrapperPerPart'`` makes.

    Args:
        generator: Generator G, ``FeatureGenerator``.
        critic: Critic D, ``FeatureCritic``.
        embedding: Embedding E, ``FeatureEmbedding``; None leaves out E, H and F: a WGAN whose
            softmax classifies features, the paper's ablation.
        projection: Projection H, ``FeatureEmbedding`` without ReLU.
        comparator: Comparator F, ``Comparator``.
        instance_weight: w of L_ins for the generator.
        class_weight: w of L_cls for the generator.
        temperature: Temperatures t_e and t_s.
        num_synthesized: Features that are generated for each unseen class, and the batch of the
            softmax.
        ref_compat: Let the comparator's gradients pile up over an epoch, as the released code does.
            They are in no checkpoint, so that only runs resumed at an epoch's beginning are exact,
            and loss scaling (fp16) would shrink them.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.
    """

    def __init__(
        self,
        generator: nn.Module | dict,
        critic: nn.Module | dict,
        embedding: nn.Module | dict | None,
        projection: nn.Module | dict | None,
        comparator: nn.Module | dict | None,
        instance_weight: float,
        class_weight: float,
        num_synthesized: int,
        temperature: float = 0.1,
        ref_compat: bool = False,
        **kwargs: Any,
    ):
        check_sizes("CEGZSL", num_synthesized=num_synthesized)
        check_number("CEGZSL: temperature", temperature, 0, above=True)
        check_number("CEGZSL: instance_weight", instance_weight, 0)
        check_number("CEGZSL: class_weight", class_weight, 0)
        super().__init__(**kwargs)
        self.generator = MODELS.build(generator)
        self.critic = MODELS.build(critic)
        self.embeds = embedding is not None
        if self.embeds != (projection is not None) or self.embeds != (comparator is not None):
            raise ValueError("CEGZSL: embedding, projection and comparator go together.")
        if self.embeds:
            self.embedding = MODELS.build(embedding)
            self.projection = MODELS.build(projection)
            self.comparator = MODELS.build(comparator)
        self.instance_weight, self.class_weight = instance_weight, class_weight
        self.num_synthesized = num_synthesized
        # The part itself may be wrapped later, for several processes.
        self.num_noise = self.generator.num_noise
        self.temperature = temperature
        self.ref_compat = ref_compat
        self._piled: tuple[int, list[Tensor]] | None = None

    def train_step(
        self, data: dict[str, Any], optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """K critic steps and one generator step.

        Args:
            data: A sample of ``SeenBatches``.
            optim_wrapper: Holds the wrappers ``critic`` and ``generator``.

        Returns:
            Losses and metrics to log, and their sum ``loss``.
        """
        inputs = self.data_preprocessor(data, True)["inputs"]
        logged: dict[str, Tensor] = {}
        for features, labels in zip(inputs["feature"], inputs["label"], strict=True):
            if self.ref_compat and self.embeds:
                self._pile_up_gradients()
            with optim_wrapper["critic"].optim_context(self):
                losses = self.critic_losses(features, labels, inputs["attributes"])
            total, values = self.parse_losses(losses)
            optim_wrapper["critic"].update_params(total)
            logged |= values
        with self._frozen_but_generator(), optim_wrapper["generator"].optim_context(self):
            losses = self.generator_losses(features, labels, inputs["attributes"])
            total, values = self.parse_losses(losses)
            optim_wrapper["generator"].update_params(total)
        return {**logged, **values, "loss": logged["loss"] + values["loss"]}

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The losses of both players on the last batch; ``train_step`` takes them in turn."""
        batch = (inputs["feature"][-1], inputs["label"][-1], inputs["attributes"])
        losses = self.critic_losses(*batch)
        with self._frozen_but_generator():
            return losses | self.generator_losses(*batch)

    def critic_losses(
        self, x_BD: Tensor, labels_B: Tensor, attributes_SA: Tensor
    ) -> dict[str, Tensor]:
        """What D, E, H and F minimize."""
        a_BA = attributes_SA[labels_B]
        with torch.no_grad():
            fake_BD = self._generate(a_BA)
        wasserstein = (self.critic(fake_BD, a_BA) - self.critic(x_BD, a_BA)).float().mean()
        penalty = gradient_penalty(lambda x: self.critic(x, a_BA), x_BD, fake_BD)
        losses = dict(
            loss_critic=wasserstein + _PENALTY_WEIGHT * penalty,
            wasserstein=-wasserstein.detach(),
        )
        if self.embeds:
            h_BE, z_BC = self._embed(x_BD)
            losses["loss_instance"] = supervised_contrast(z_BC, labels_B, self.temperature)
            losses["loss_class"] = self._class_loss(h_BE, labels_B, attributes_SA)
            losses["embedding_std"] = embedding_std(z_BC)
        return losses

    def generator_losses(
        self, x_BD: Tensor, labels_B: Tensor, attributes_SA: Tensor
    ) -> dict[str, Tensor]:
        """What G minimizes, with the classes of a batch."""
        a_BA = attributes_SA[labels_B]
        fake_BD = self._generate(a_BA)
        losses = dict(loss_generator=-self.critic(fake_BD, a_BA).float().mean())
        if self.embeds:
            with torch.no_grad():
                _, real_BC = self._embed(x_BD)
            h_BE, z_BC = self._embed(fake_BD)
            instance = supervised_contrast(
                torch.cat([z_BC, real_BC]), labels_B.repeat(2), self.temperature
            )
            losses["loss_generator_instance"] = self.instance_weight * instance
            of_class = self._class_loss(h_BE, labels_B, attributes_SA)
            losses["loss_generator_class"] = self.class_weight * of_class
        return losses

    def encode(self, inputs: Inputs) -> Features:
        """``global``: the embeddings h of ``inputs['feature']``, (..., D)."""
        features_ND = inputs["feature"].flatten(0, -2)
        return {"global": self.embedding(features_ND) if self.embeds else features_ND}

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Classify the rows of a ``ZeroShotTask``.

        Returns:
            One dict: its data sample, ``generalized`` (epochs, T), the class of each row among all
            classes after each epoch of the softmax, and ``conventional`` (T,), the class among the
            unseen ones by a softmax of these alone.
        """
        seen_M, attributes_MA = inputs["seen"], inputs["attributes"]
        unseen_U = torch.nonzero(~seen_M)[:, 0]
        generated_ND = self.synthesize(attributes_MA[unseen_U])
        place_N = torch.arange(len(unseen_U), device=unseen_U.device)
        place_N = place_N.repeat_interleave(self.num_synthesized)
        train, fake, test = (
            self.extract({"feature": rows})["global"].float()
            for rows in (inputs["train_feature"], generated_ND, inputs["feature"])
        )
        generalized = [
            layer(test).argmax(dim=1).cpu()
            for layer in softmax_regression(
                torch.cat([train, fake]),
                torch.cat([inputs["train_label"], unseen_U[place_N]]),
                len(seen_M),
                num_epochs=_GENERALIZED_EPOCHS,
                batch_size=self.num_synthesized,
            )
        ]
        *_, layer = softmax_regression(
            fake,
            place_N,
            len(unseen_U),
            num_epochs=_CONVENTIONAL_EPOCHS,
            batch_size=self.num_synthesized,
        )
        conventional = unseen_U[layer(test).argmax(dim=1)].cpu()
        classes = dict(generalized=torch.stack(generalized), conventional=conventional)
        return [{**(data_samples or [{}])[0], **classes}]

    @torch.no_grad()
    def synthesize(self, attributes_MA: Tensor) -> Tensor:
        """Generate features of classes, always the same for the same weights.

        Returns:
            (M * num_synthesized, D), class by class.
        """
        generator = torch.Generator().manual_seed(0)
        a_NA = attributes_MA.repeat_interleave(self.num_synthesized, dim=0)
        noise_NZ = torch.randn(len(a_NA), self.num_noise, generator=generator)
        return self.generator(noise_NZ.to(a_NA), a_NA)

    def _generate(self, a_BA: Tensor) -> Tensor:
        noise_BZ = torch.randn(len(a_BA), self.num_noise, device=a_BA.device)
        return self.generator(noise_BZ, a_BA).float()

    def _embed(self, x_BD: Tensor) -> tuple[Tensor, Tensor]:
        h_BE = self.embedding(x_BD)
        return h_BE, F.normalize(self.projection(h_BE).float(), dim=1)

    def _class_loss(self, h_BE: Tensor, labels_B: Tensor, attributes_SA: Tensor) -> Tensor:
        scores_BS = self.comparator(h_BE, attributes_SA).float()
        return F.cross_entropy(scores_BS / self.temperature, labels_B)

    @contextmanager
    def _frozen_but_generator(self) -> Iterator[None]:
        """Gradients reach G through the others, and leave none in them."""
        parts: Sequence[nn.Module] = [self.critic]
        if self.embeds:
            parts = [self.critic, self.embedding, self.projection, self.comparator]
        for part in parts:
            part.requires_grad_(False)
        try:
            yield
        finally:
            for part in parts:
                part.requires_grad_(True)

    def _pile_up_gradients(self) -> None:
        """Let the next backward pass add to the comparator's gradients of this epoch."""
        epoch = MessageHub.get_current_instance().get_info("epoch", 0)
        parameters = list(self.comparator.parameters())
        if self._piled is None or self._piled[0] != epoch:
            self._piled = epoch, [torch.zeros_like(p) for p in parameters]
        for parameter, gradient in zip(parameters, self._piled[1], strict=True):
            # zero_grad() lets go of it; backward() adds to it in place.
            parameter.grad = gradient
