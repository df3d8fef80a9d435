//! TensorFlow's record files, which Magenta's data sets are: [`RecordReader`] and [`RecordWriter`] are the
//! container, [`Features`] is what a record holds (`tf.train.Example`).

mod features;
mod record;

pub use features::{Feature, Features};
pub use record::{MAX_RECORD_BYTES, RecordReader, RecordWriter};
