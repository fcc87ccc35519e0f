# Propagation of VIP's 20 kinds of parts through its 50 validation videos. A sample is a video;
# a config adds the pipeline of its frames.
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="VideoMasks",
        data_root="data/VIP_Fine",
        ann_file="lists/val_videos.txt",
        frames="Images/{}",
        masks="Annotations/Category_ids/{}",
        # Their names are the numbers of the frames in longer videos.
        consecutive=False,
    ),
)
test_evaluator = dict(type="PartIoU", num_classes=20)
test_cfg = dict(type="TestLoop")
