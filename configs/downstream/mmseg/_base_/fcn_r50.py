# mmseg's FCN with the plain ResNet of the pre-training: one 7x7 convolution as stem. The base has
# ResNet-V1c, into whose stem of three convolutions no weights would go, and supervised weights.
_base_ = ["./find_mmseg.py", "mmseg::_base_/models/fcn_r50-d8.py"]

norm_cfg = dict(type="mmcontrast.SyncBN", requires_grad=True)
model = dict(
    pretrained=None,
    backbone=dict(type="ResNet", norm_cfg=norm_cfg),
    decode_head=dict(norm_cfg=norm_cfg),
    auxiliary_head=dict(norm_cfg=norm_cfg),
)
