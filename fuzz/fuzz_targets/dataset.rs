//! A file of records, read as a data set of Magenta's.
#![no_main]

use ddsp_io::dataset::{Dataset, Part};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = ddsp_fuzz::write("fuzz.tfrecord", bytes);
    let Ok(dataset) = Dataset::open(&path) else { return };
    for part in [Part::Train, Part::HeldOut] {
        let hop_size = dataset.info().hop_size();
        for clip in dataset.clips(part).unwrap_or_default() {
            let n_hops = clip.audio.len() / hop_size;
            assert_eq!(clip.f0_hz.len(), dataset.info().n_frames(n_hops));
        }
        dataset.examples(part).for_each(|example| drop(example));
    }
});
