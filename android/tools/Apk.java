import com.android.apksig.ApkSigner;
import com.android.apksig.ApkVerifier;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Packs and signs an APK, or verifies one; run from source by {@code cargo xtask android apk} with apksig on the class path.
 *
 * <pre>
 * Apk pack OUT MIN_SDK RESOURCES KEYSTORE NAME=FILE...   the keystore's password is in the variable KEY_PASSWORD
 * Apk verify APK
 * </pre>
 */
public final class Apk {
  /** Libraries are mapped right out of the APK; newer phones have pages of this size. */
  private static final int PAGE = 16384;

  /** A verifier that serves API 28 and later looks at v3 alone; one that serves this level looks at v2 as well. */
  private static final int BEFORE_V3 = 24;

  public static void main(String[] arguments) throws Exception {
    List<String> words = Arrays.asList(arguments);
    if (words.size() > 5 && words.get(0).equals("pack")) {
      Path unsigned = Files.createTempFile("unsigned", ".apk");
      try {
        pack(unsigned, new File(words.get(3)), words.subList(5, words.size()));
        sign(unsigned.toFile(), new File(words.get(1)), Integer.parseInt(words.get(2)), new File(words.get(4)));
      } finally {
        Files.delete(unsigned);
      }
    } else if (words.size() == 2 && words.get(0).equals("verify")) {
      System.exit(verify(new File(words.get(1))) ? 0 : 1);
    } else {
      System.err.println("usage: Apk pack OUT MIN_SDK RESOURCES KEYSTORE NAME=FILE... | Apk verify APK");
      System.exit(2);
    }
  }

  /** The resources with further files: native libraries as they are, because the app maps them; the rest deflated. */
  private static void pack(Path out, File resources, List<String> files) throws IOException {
    try (ZipFile base = new ZipFile(resources);
        ZipOutputStream zip = new ZipOutputStream(new FileOutputStream(out.toFile()))) {
      Enumeration<? extends ZipEntry> entries = base.entries();
      while (entries.hasMoreElements()) {
        ZipEntry entry = entries.nextElement();
        put(zip, entry.getName(), entry.getMethod(), base.getInputStream(entry).readAllBytes());
      }
      for (String file : files) {
        String[] pair = file.split("=", 2);
        int method = pair[0].endsWith(".so") ? ZipEntry.STORED : ZipEntry.DEFLATED;
        put(zip, pair[0], method, Files.readAllBytes(Path.of(pair[1])));
      }
    }
  }

  private static void put(ZipOutputStream zip, String name, int method, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(method);
    // The same input makes the same file.
    entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
    if (method == ZipEntry.STORED) {
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setCrc(crc.getValue());
      entry.setSize(content.length);
    }
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }

  private static void sign(File unsigned, File out, int minSdk, File keystore) throws Exception {
    char[] password = System.getenv("KEY_PASSWORD").toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream in = new FileInputStream(keystore)) {
      store.load(in, password);
    }
    String alias = store.aliases().nextElement();
    PrivateKey key = (PrivateKey) store.getKey(alias, password);
    X509Certificate certificate = (X509Certificate) store.getCertificate(alias);
    ApkSigner.SignerConfig signer =
        new ApkSigner.SignerConfig.Builder("CERT", key, List.of(certificate)).build();
    new ApkSigner.Builder(List.of(signer))
        .setInputApk(unsigned)
        .setOutputApk(out)
        .setMinSdkVersion(minSdk)
        .setV1SigningEnabled(false)
        .setV2SigningEnabled(true)
        .setV3SigningEnabled(true)
        .setAlignmentPreserved(false)
        .setLibraryPageAlignmentBytes(PAGE)
        .build()
        .sign();
  }

  private static boolean verify(File apk) throws Exception {
    ApkVerifier.Result result =
        new ApkVerifier.Builder(apk).setMinCheckedPlatformVersion(BEFORE_V3).build().verify();
    System.out.println("v2 " + result.isVerifiedUsingV2Scheme() + ", v3 " + result.isVerifiedUsingV3Scheme());
    result.getAllErrors().forEach(System.out::println);
    return result.isVerified() && result.isVerifiedUsingV2Scheme() && result.isVerifiedUsingV3Scheme();
  }
}
