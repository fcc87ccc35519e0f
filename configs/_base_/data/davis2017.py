# Semi-supervised segmentation of DAVIS 2017's validation videos. A sample is a video; a config adds
# the pipeline of its frames.
test_dataloader = dict(
    batch_size=1,
    # Frames are read by the sample itself while the last one is propagated.
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="VideoMasks",
        data_root="data/DAVIS",
        ann_file="ImageSets/2017/val.txt",
        frames="JPEGImages/480p/{}",
        masks="Annotations/480p/{}",
    ),
)
# out_dir='results/...' writes the palette PNGs that the official toolkit scores.
test_evaluator = dict(type="DAVIS", out_dir=None)
test_cfg = dict(type="TestLoop")
