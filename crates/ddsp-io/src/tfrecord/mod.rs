//! TFRecord files, as data sets and TensorBoard's events are kept in, and the messages `tf.train.Example` in them.

mod message;
mod record;

pub use message::{Feature, Message};
pub use record::{RecordReader, write_record};
