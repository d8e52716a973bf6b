//! Public keys for made certificates: one of each kind that is fine, and RSA moduli that are each bad in one way. Nobody kept the private keys.

/// A point of P-256, uncompressed.
pub(crate) const POINT: &str = "\
    04230c1fe6fd31c60d83bbdefb2a797003674498133b87a8fb843b34b889b2b85bbf541279a18171fbaaeb018e8f5822599a730204af373c2882d525\
    f550659abe";
/// A good modulus of 2048 bits.
pub(crate) const MODULUS: &str = "\
    c8542db15be52d9523cf9e1cd9d55279b9834b4a656bcbd713db0f21865b384f407f08db053858c5d48cd176a6079225621d5a08c66e6f51d5e04e9a\
    651dbb781b9618abdc2e26997de8f671774381ebab36476aa667ee55555e3e576d766094f1b1c520af943d4f33722c05dc84ea75e83d025724ada87c\
    f984ca4e918c36a5dca9a65ed3f32590eaaf503ab780608405db414a8e658058c4c53b9dd6b0ceef77f1821c1f0a14cde79fffe99a5bfa16b7e2362a\
    7b9dc5d993dfc0b88ebf9fedebaf919f4a25a99308aa65e53f9481eacdc89d6543003f479efa9eeef2844699eaa1acb7fce5648fe955542174ff984f\
    a7df68f1d029d1441c5b4386a621c187";
/// A modulus of 1024 bits.
pub(crate) const SHORT: &str = "\
    aefcf5f07a2ef6f72ea9db49add335f9cf61b85f9e03ab58bd46374689d4ffeed4b6b21afaa4519fce1743e894a641f9a3fc0594a839fe32dd022d94\
    d8decff57a30c2f9a144333defeee2645f5779d0ca9c18bc3705ade3d9ebcb8eaee0e1e577fc3a49e77d1ca583ca917da2f9ee41fe91be750dcbc0d3\
    5f8bb66110d818a7";
/// A prime of 2048 bits.
pub(crate) const PRIME: &str = "\
    8aa7ae83df561d802a759159fb7ff337f5cae3bf3729c619c60a3cab359eeefb015c33b2df1461aaf8eb18b90074513021da8978206f5c6671e0c07e\
    9e115e4b9e30691c238642ea126a1e48cc11d357c30d8b7628dbd25e63b229f1c4069545de11cc9dea959c212e9c82b1478c281d687c966c377b9aa2\
    bb2edb20035b73993fd4235992edcf451a1afe878b33e968617959ce3f1f65a8de5271007814e8a25f2dd97f1cfb10f62827688de6a16a3b0d464138\
    a62332553fc1ea36f17fd374c6a5387777330bdbd7210dff076ce2ef87b0b125ec1d7da0a6eb8c9ebd69fe29d76d4330f1446beab0c11fdecb91ce37\
    5bc8fbbcbde5c0994164d8399f767ddd";
/// A modulus with the factor 751.
pub(crate) const FACTOR: &str = "\
    806b3843c9a937a68c8f95ef04a012e8677fd139d84a1d3a5b8e8fb2bff29101f3001cee05da8467f06313fff9a01fe8419521fe0e979cf32d1634b4\
    b465325278f845f57b3120df2f4d4c8650d7d13fb24891917b121dc54e5a3a26d18a669a5af84e6b4f59672710e6d8e6568068b9b52a43abad8d194a\
    9892139600ddb74d960d5a8f9a656aafd14125844d25deb354f46a6910acff0043892dfc254cb864ef901b932a7c18806a3753915c76f18a0585a01c\
    4c7d6df0621aef57e4cc4132f7108e96f770c2263266aa3bb0cde917f7f35634f0e3cd972e81d66d346c6e2ba02fdaa1ad864c44e049548e8a0a8c96\
    32ea6928f6236bf2504b74ba4a0ff7a1";
/// A modulus whose factors are close together.
pub(crate) const CLOSE: &str = "\
    9000012b9f63217c4ea29f5231d7d4db4310a628696ce72f2c73dd3ca6d84dcd4a9ecff4c411ecaec39f1e38dfa69ba427f509dda2a15e418c50571e\
    2c8c36ba9818c1a23149d486974ff9aec6f4784dfa3dd324d535fe91ad5dcd7a5ac5febab580cd67d5e011641c49fd1236f8820058e4b53c3be47685\
    ce56d8761d7a93acf80e1d2e11c211c2b65bfb152058192c2a0fc62420af41b3371df63934d27ec71b5204885cd5dbd979b4ecb4d8f3d94a9c43f91d\
    f149ea7f0641c0286ad4f715249d1967776785678cdcdcb3852269e6e61fbe16a989285a17116e656e80ea7d036a88fbc0b6abbadde46fbd34a3f3cd\
    b7ede221c05095d58632ff0db6adcb1b";

/// A modulus of 2049 bits with the fingerprint of the ROCA library: a power of 65537.
pub(crate) fn roca() -> String {
    let mut number = vec![1_u8];
    for _ in 0..128 {
        // Times 65537: the number, and the same two bytes further left.
        let shifted = [number.clone(), vec![0, 0]].concat();
        let aligned = [vec![0, 0], number].concat();
        let mut carry = 0;
        let mut sum: Vec<u8> = shifted
            .iter()
            .zip(&aligned)
            .rev()
            .map(|(one, other)| {
                let digit = u16::from(*one) + u16::from(*other) + carry;
                carry = digit >> 8;
                u8::try_from(digit & 0xff).unwrap()
            })
            .collect();
        if carry > 0 {
            sum.push(1);
        }
        number = sum.into_iter().rev().collect();
    }
    hex::encode(number)
}
