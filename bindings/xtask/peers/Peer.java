import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedDataStreamGenerator;
import org.bouncycastle.cms.CMSEnvelopedGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSSignedDataStreamGenerator;
import org.bouncycastle.cms.CMSSignedGenerator;
import org.bouncycastle.cms.KEMRecipientInformation;
import org.bouncycastle.cms.KeyAgreeRecipientInformation;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientId;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKEMAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKEMEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKEMRecipientId;
import org.bouncycastle.cms.jcajce.JceKEMRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyAgreeAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * BouncyCastle behind one line per request: words between tabs, files by their path. Answers `ok` or `error TEXT`.
 *
 * <pre>
 * version
 * certify ALGORITHM NAME KEY CERTIFICATE      a new key and its certificate; an encryption key's is issued by a key of its own
 * sign IN OUT FORM (ALGORITHM KEY CERTIFICATE)…   FORM: der, detached or ber (indefinite lengths)
 * verify IN CONTENT OUT CERTIFICATE…          each certificate must have signed; CONTENT `-` when it is inside
 * encrypt IN OUT CIPHER FORM (KEY-METHOD CERTIFICATE)…
 * decrypt IN OUT KEY CERTIFICATE
 * </pre>
 */
public final class Peer {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String answer;
            try {
                answer = "ok " + answer(line.split("\t"));
            } catch (Exception error) {
                answer = "error " + error;
            }
            System.out.println(answer.replace('\n', ' ').trim());
            System.out.flush();
        }
    }

    private static String answer(String[] words) throws Exception {
        switch (words[0]) {
            case "version":
                return Security.getProvider("BC").getInfo().replaceAll("[^0-9.]", "").replaceAll("^\\.|\\.$", "");
            case "certify":
                certify(words[1], words[2], words[3], words[4]);
                return "";
            case "sign":
                write(words[2], sign(read(words[1]), words[3], words));
                return "";
            case "verify":
                write(words[3], verify(read(words[1]), words[2], words));
                return "";
            case "encrypt":
                write(words[2], encrypt(read(words[1]), words[3], words[4], words));
                return "";
            case "decrypt":
                write(words[2], decrypt(read(words[1]), key(words[3]), certificate(words[4])));
                return "";
            default:
                throw new IllegalArgumentException("unknown request " + words[0]);
        }
    }

    private static void certify(String algorithm, String name, String keyFile, String certificateFile) throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance(algorithm, "BC").generateKeyPair();
        boolean signs = !algorithm.startsWith("ML-KEM") && !algorithm.startsWith("X");
        KeyPair issuing = signs ? pair : KeyPairGenerator.getInstance("Ed25519", "BC").generateKeyPair();
        ContentSigner signer = signer(signs ? algorithm : "Ed25519", issuing.getPrivate());
        X500Name subject = new X500Name("CN=" + name);
        X500Name issuer = signs ? subject : new X500Name("CN=" + name + " issuer");
        long now = System.currentTimeMillis();
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(120, new SecureRandom()),
                new Date(now - 3_600_000L),
                new Date(now + 86_400_000L),
                subject,
                pair.getPublic());
        builder.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(new GeneralName(GeneralName.rfc822Name, name + "@example.org")));
        X509Certificate made = new JcaX509CertificateConverter().setProvider("BC").getCertificate(builder.build(signer));
        try (JcaPEMWriter writer = new JcaPEMWriter(Files.newBufferedWriter(Path.of(keyFile)))) {
            writer.writeObject(new org.bouncycastle.openssl.jcajce.JcaPKCS8Generator(pair.getPrivate(), null));
        }
        try (JcaPEMWriter writer = new JcaPEMWriter(Files.newBufferedWriter(Path.of(certificateFile)))) {
            writer.writeObject(made);
        }
    }

    private static byte[] sign(byte[] content, String form, String[] words) throws Exception {
        if (form.equals("ber")) {
            CMSSignedDataStreamGenerator generator = new CMSSignedDataStreamGenerator();
            addSigners(generator, words);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (OutputStream stream = generator.open(out, true)) {
                stream.write(content);
            }
            return out.toByteArray();
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        addSigners(generator, words);
        return generator.generate(new CMSProcessableByteArray(content), !form.equals("detached")).getEncoded("DER");
    }

    private static void addSigners(CMSSignedGenerator generator, String[] words) throws Exception {
        JcaSignerInfoGeneratorBuilder builder =
                new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build());
        for (int index = 4; index + 2 < words.length; index += 3) {
            X509Certificate certificate = certificate(words[index + 2]);
            ContentSigner signer = signer(words[index], key(words[index + 1]));
            if (generator instanceof CMSSignedDataGenerator) {
                ((CMSSignedDataGenerator) generator).addSignerInfoGenerator(builder.build(signer, certificate));
            } else {
                ((CMSSignedDataStreamGenerator) generator).addSignerInfoGenerator(builder.build(signer, certificate));
            }
            generator.addCertificate(new JcaX509CertificateHolder(certificate));
        }
    }

    private static ContentSigner signer(String algorithm, PrivateKey key) throws Exception {
        return new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key);
    }

    private static byte[] verify(byte[] message, String contentFile, String[] words) throws Exception {
        CMSSignedData signed = contentFile.equals("-")
                ? new CMSSignedData(message)
                : new CMSSignedData(new CMSProcessableByteArray(read(contentFile)), message);
        int expected = words.length - 4;
        if (signed.getSignerInfos().size() != expected) {
            throw new CMSException(signed.getSignerInfos().size() + " signers instead of " + expected);
        }
        for (int index = 4; index < words.length; index++) {
            X509CertificateHolder holder = new JcaX509CertificateHolder(certificate(words[index]));
            boolean found = false;
            for (SignerInformation signer : signed.getSignerInfos()) {
                if (signer.getSID().match(holder)) {
                    found = signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder));
                }
            }
            if (!found) {
                throw new CMSException("no right signature of " + holder.getSubject());
            }
        }
        return (byte[]) signed.getSignedContent().getContent();
    }

    private static byte[] encrypt(byte[] content, String cipher, String form, String[] words) throws Exception {
        List<RecipientInfoGenerator> recipients = new ArrayList<>();
        for (int index = 5; index + 1 < words.length; index += 2) {
            recipients.add(recipient(words[index], certificate(words[index + 1])));
        }
        OutputEncryptor encryptor = encryptor(cipher);
        if (encryptor instanceof OutputAEADEncryptor && cipher.contains("gcm")) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            return generator.generate(new CMSProcessableByteArray(content), (OutputAEADEncryptor) encryptor).getEncoded();
        }
        if (form.equals("ber")) {
            CMSEnvelopedDataStreamGenerator generator = new CMSEnvelopedDataStreamGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            generator.setBufferSize(16);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (OutputStream stream = generator.open(out, encryptor)) {
                stream.write(content);
            }
            return out.toByteArray();
        }
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        recipients.forEach(generator::addRecipientInfoGenerator);
        return generator.generate(new CMSProcessableByteArray(content), encryptor).getEncoded();
    }

    /** `aes-256-gcm`, …; with `+hkdf` the content key is bound to its algorithm (RFC 9709). */
    private static OutputEncryptor encryptor(String cipher) throws Exception {
        String plain = cipher.replace("+hkdf", "");
        ASN1ObjectIdentifier algorithm;
        switch (plain) {
            case "aes-128-cbc":
                algorithm = CMSAlgorithm.AES128_CBC;
                break;
            case "aes-256-cbc":
                algorithm = CMSAlgorithm.AES256_CBC;
                break;
            case "aes-128-gcm":
                algorithm = CMSAlgorithm.AES128_GCM;
                break;
            case "aes-256-gcm":
                algorithm = CMSAlgorithm.AES256_GCM;
                break;
            case "3des-cbc":
                algorithm = CMSAlgorithm.DES_EDE3_CBC;
                break;
            default:
                throw new IllegalArgumentException("unknown cipher " + cipher);
        }
        return new JceCMSContentEncryptorBuilder(algorithm)
                .setProvider("BC")
                .setEnableSha256HKdf(!plain.equals(cipher))
                .build();
    }

    private static RecipientInfoGenerator recipient(String method, X509Certificate certificate) throws Exception {
        switch (method) {
            case "rsa-pkcs1":
                return new JceKeyTransRecipientInfoGenerator(certificate).setProvider("BC");
            case "rsa-oaep":
                OAEPParameterSpec oaep = new OAEPParameterSpec(
                        "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
                return new JceKeyTransRecipientInfoGenerator(
                                certificate,
                                new JcaAlgorithmParametersConverter()
                                        .getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, oaep))
                        .setProvider("BC");
            case "ecdh":
                KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
                generator.initialize(((ECPublicKey) certificate.getPublicKey()).getParams());
                return agreement(CMSAlgorithm.ECDH_SHA256KDF, generator.generateKeyPair(), certificate);
            case "x25519":
                KeyPair ephemeral = KeyPairGenerator.getInstance("X25519", "BC").generateKeyPair();
                return agreement(CMSAlgorithm.ECDH_HKDF_SHA256, ephemeral, certificate);
            case "ml-kem":
                return new JceKEMRecipientInfoGenerator(certificate, CMSAlgorithm.AES256_WRAP)
                        .setKDF(CMSAlgorithm.SHA256_HKDF)
                        .setProvider("BC");
            default:
                throw new IllegalArgumentException("unknown key method " + method);
        }
    }

    private static RecipientInfoGenerator agreement(
            ASN1ObjectIdentifier scheme, KeyPair ephemeral, X509Certificate certificate) throws Exception {
        return new JceKeyAgreeRecipientInfoGenerator(
                        scheme, ephemeral.getPrivate(), ephemeral.getPublic(), CMSAlgorithm.AES256_WRAP)
                .addRecipient(certificate)
                .setProvider("BC");
    }

    private static byte[] decrypt(byte[] message, PrivateKey key, X509Certificate certificate) throws Exception {
        RecipientInformationStore recipients;
        boolean isAuthenticated;
        try {
            recipients = new CMSEnvelopedData(message).getRecipientInfos();
            isAuthenticated = false;
        } catch (CMSException | IllegalArgumentException | ClassCastException error) {
            recipients = new CMSAuthEnvelopedData(message).getRecipientInfos();
            isAuthenticated = true;
        }
        RecipientId[] names = {
            new JceKeyTransRecipientId(certificate),
            new JceKeyAgreeRecipientId(certificate),
            new JceKEMRecipientId(certificate),
        };
        for (RecipientId name : names) {
            for (RecipientInformation information : recipients.getRecipients(name)) {
                return information.getContent(opener(information, key, isAuthenticated));
            }
        }
        throw new CMSException("no recipient has this certificate");
    }

    private static Recipient opener(RecipientInformation information, PrivateKey key, boolean isAuthenticated) {
        if (information instanceof KeyAgreeRecipientInformation) {
            return isAuthenticated
                    ? new JceKeyAgreeAuthEnvelopedRecipient(key).setProvider("BC")
                    : new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC");
        }
        if (information instanceof KEMRecipientInformation) {
            return isAuthenticated
                    ? new JceKEMAuthEnvelopedRecipient(key).setProvider("BC")
                    : new JceKEMEnvelopedRecipient(key).setProvider("BC");
        }
        return isAuthenticated
                ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC")
                : new JceKeyTransEnvelopedRecipient(key).setProvider("BC");
    }

    private static PrivateKey key(String file) throws Exception {
        try (PEMParser parser = new PEMParser(new FileReader(file))) {
            for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
                if (object instanceof PrivateKeyInfo) {
                    return new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo) object);
                }
            }
        }
        throw new IllegalArgumentException("no private key in " + file);
    }

    private static X509Certificate certificate(String file) throws Exception {
        try (FileInputStream stream = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(stream);
        }
    }

    private static byte[] read(String file) throws Exception {
        return Files.readAllBytes(Path.of(file));
    }

    private static void write(String file, byte[] octets) throws Exception {
        Files.write(Path.of(file), octets);
    }
}
