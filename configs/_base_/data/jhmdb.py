# Propagation of JHMDB's 15 joints through the videos of its first test split. A sample is a
# video; a config adds the pipeline of its frames.
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="JHMDBPose",
        data_root="data/JHMDB",
        ann_file="testlist_split1.txt",
    ),
)
test_evaluator = dict(type="JHMDBPCK")
test_cfg = dict(type="TestLoop")
