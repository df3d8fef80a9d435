//! A short way to write an element.

/// An element with a kernel that is generic over its number type.
macro_rules! element {
    ($name:expr, |$choose:ident| $draw:expr, |$d:ident, $x:ident| $tensor:expr, $kernel:ident) => {
        $crate::elements::Element {
            name: $name,
            draw: Box::new(|seed| {
                #[allow(unused_mut, reason = "some choose nothing")]
                let mut $choose = $crate::elements::Chooser { seed, index: 0 };
                $draw
            }),
            tensor: Box::new(
                |$d: &$crate::elements::Draw, $x: &[ddsp::burn::tensor::Tensor<1>]| {
                    $crate::elements::flat($tensor)
                },
            ),
            kernel: Some(Box::new(|draw| {
                let wide = |x: Vec<f32>| x.into_iter().map(f64::from).collect();
                (wide($kernel::<f32>(draw)), $kernel::<f64>(draw))
            })),
            step: 1e-4,
            precise_limit: None,
        }
    };
}
