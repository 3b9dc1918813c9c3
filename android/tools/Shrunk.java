import java.util.List;
import kotlin.Unit;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;
import org.countersign.core.Core;
import org.countersign.core.CoreConfig;
import org.countersign.core.CoreException;
import org.countersign.core.Countersign_ffiKt;
import org.countersign.core.KeyAlgorithm;
import org.countersign.core.KeyInfo;
import org.countersign.core.KeyRole;
import org.countersign.core.SignPurpose;
import org.countersign.core.SignatureAlgorithm;
import org.countersign.core.Thing;
import org.countersign.core.Vault;

/**
 * Calls the core through the binding as R8 leaves it: what keep.pro forgets, JNA does not find. {@code cargo xtask android apk}
 * puts this class through R8 together with the app's and runs it on the JVM with a folder as its argument.
 */
public final class Shrunk {
  public static void main(String[] arguments) throws Exception {
    String home = arguments[0];
    Handing vault = new Handing(Countersign_ffiKt.openPassphraseVault(home + "/vault", "a passphrase of a check"));
    Core core = new Core(new CoreConfig(home + "/core", true), vault, null);
    Shrunk.<Unit>await(then -> core.unlock(null, then));
    expect(vault.calls > 0, "the core calls a vault of the app, and the app the core");
    List<String> accounts = await(then -> core.accounts(null, then));
    expect(accounts.isEmpty(), "a list comes back");
    try {
      await(then -> core.account("nobody@example.test", null, then));
      expect(false, "an unknown account is an error");
    } catch (CoreException.NotFound error) {
      expect(error.getThing() == Thing.ACCOUNT, "an error comes with its fields");
    }
    core.shutdown();
  }

  private static void expect(boolean holds, String what) {
    if (!holds) throw new AssertionError("not so: " + what);
    System.out.println("ok " + what);
  }

  private interface Call<T> {
    Object start(Continuation<? super T> then) throws CoreException;
  }

  @SuppressWarnings("unchecked")
  private static <T> T await(Call<T> call) throws CoreException, InterruptedException {
    return (T)
        BuildersKt.runBlocking(
            EmptyCoroutineContext.INSTANCE,
            (scope, then) -> {
              try {
                return call.start((Continuation<? super T>) then);
              } catch (CoreException error) {
                throw Shrunk.<RuntimeException>unchecked(error);
              }
            });
  }

  /** Kotlin's function types declare no exceptions. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> E unchecked(Throwable error) throws E {
    throw (E) error;
  }

  /** Hands every call on. */
  private static final class Handing implements Vault {
    private final Vault inner;
    volatile int calls;

    Handing(Vault inner) {
      this.inner = inner;
    }

    @Override
    public Object create(
        String account, KeyRole role, KeyAlgorithm algorithm, Continuation<? super KeyInfo> then) {
      calls++;
      return inner.create(account, role, algorithm, then);
    }

    @Override
    public Object list(Continuation<? super List<KeyInfo>> then) {
      calls++;
      return inner.list(then);
    }

    @Override
    public Object delete(String key, Continuation<? super Unit> then) {
      return inner.delete(key, then);
    }

    @Override
    public Object sign(
        String key, SignatureAlgorithm algorithm, byte[] message, SignPurpose purpose, Continuation<? super byte[]> then) {
      return inner.sign(key, algorithm, message, purpose, then);
    }

    @Override
    public Object wrap(String key, byte[] context, byte[] secret, Continuation<? super byte[]> then) {
      return inner.wrap(key, context, secret, then);
    }

    @Override
    public Object unwrap(String key, byte[] context, byte[] sealed, Continuation<? super byte[]> then) {
      return inner.unwrap(key, context, sealed, then);
    }
  }
}
