import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.codehaus.mojo.animal_sniffer.ClassListBuilder;
import org.codehaus.mojo.animal_sniffer.SignatureBuilder;
import org.codehaus.mojo.animal_sniffer.SignatureChecker;
import org.codehaus.mojo.animal_sniffer.logging.Logger;
import org.codehaus.mojo.animal_sniffer.logging.PrintWriterLogger;

/**
 * Finds uses of what the oldest Android does not have; run from source by {@code cargo xtask android apk} with animal-sniffer
 * on the class path. Platform classes that are no public API are not noticed: the platform's jar has them.
 *
 * <pre>
 * ApiGate build OUT PLATFORM_JAR JAVA_SIGNATURE
 * ApiGate check SIGNATURE ALLOWED CLASSES LIBRARY...
 * </pre>
 */
public final class ApiGate {
  private static final String FOUND = "Undefined reference";

  public static void main(String[] arguments) throws Exception {
    List<String> words = Arrays.asList(arguments);
    if (words.size() == 4 && words.get(0).equals("build")) {
      build(words.get(1), words.get(2), words.get(3));
    } else if (words.size() >= 4 && words.get(0).equals("check")) {
      File classes = new File(words.get(3));
      Set<String> faults = faults(words.get(1), Path.of(words.get(2)), classes, words.subList(4, words.size()));
      faults.forEach(System.out::println);
      System.exit(faults.isEmpty() ? 0 : 1);
    } else {
      System.err.println("usage: ApiGate build OUT PLATFORM JAVA | ApiGate check SIGNATURE ALLOWED CLASSES LIBRARY...");
      System.exit(2);
    }
  }

  /** The platform's classes over Java 8's: the platform's jar has hardly any of java.*. */
  private static void build(String out, String platform, String java) throws IOException {
    InputStream[] base = {new FileInputStream(java)};
    Logger quiet = new Collector(new ArrayList<>());
    SignatureBuilder builder =
        new SignatureBuilder(base, new FileOutputStream(out), quiet) {
          @Override
          protected void process(String name, InputStream image) throws IOException {
            // The name is JAR:ENTRY.
            String entry = name.substring(name.lastIndexOf(':') + 1);
            if (entry.endsWith(".class") && !entry.matches("/*(java|com/android)/.*")) super.process(name, image);
          }
        };
    builder.process(new File(platform));
    builder.close();
  }

  private static Set<String> faults(String signature, Path allowed, File classes, List<String> libraries)
      throws IOException {
    List<String> found = new ArrayList<>();
    Set<String> known = new HashSet<>();
    ClassListBuilder names = new ClassListBuilder(known, new Collector(new ArrayList<>()));
    names.process(classes);
    for (String library : libraries) names.process(new File(library));
    SignatureChecker checker =
        new SignatureChecker(new FileInputStream(signature), names.getPackages(), new Collector(found));
    checker.setSourcePath(List.of());
    checker.process(classes);

    Set<String> faults = new TreeSet<>(found);
    for (String line : Files.readAllLines(allowed)) {
      String[] rule = line.replaceFirst("#.*", "").trim().split("\\s+");
      if (rule.length < 2) continue;
      // A class stands for its inner classes as well.
      if (!faults.removeIf(fault -> fault.matches(".*\\b" + rule[0] + "[.$:].*") && fault.contains(rule[1]))
          && found.stream().noneMatch(fault -> fault.contains(rule[0]) && fault.contains(rule[1]))) {
        faults.add(allowed.getFileName() + " allows what nobody uses: " + line);
      }
    }
    return faults;
  }

  /** Keeps what the checker says of undefined references. */
  private static final class Collector implements Logger {
    private final List<String> found;

    Collector(List<String> found) {
      this.found = found;
    }

    private void keep(String message) {
      if (message.contains(FOUND)) found.add(message);
    }

    @Override public void info(String message) { keep(message); }
    @Override public void info(String message, Throwable error) { keep(message); }
    @Override public void debug(String message) { keep(message); }
    @Override public void debug(String message, Throwable error) { keep(message); }
    @Override public void warn(String message) { keep(message); }
    @Override public void warn(String message, Throwable error) { keep(message); }
    @Override public void error(String message) { keep(message); }
    @Override public void error(String message, Throwable error) { keep(message); }
  }
}
