package org.countersign.screen

import android.Manifest
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.SurfaceTexture
import android.os.VibrationEffect
import android.os.Vibrator
import android.view.Gravity
import android.view.TextureView
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.view.WindowManager
import android.widget.FrameLayout
import android.widget.LinearLayout
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.Scanner
import org.countersign.bridge.CameraFrame
import org.countersign.bridge.CameraState
import org.countersign.bridge.CardScanned
import org.countersign.bridge.CoreException
import org.countersign.bridge.MeetingScanned
import org.countersign.bridge.Scanned
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.banner
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.text
import org.countersign.ui.topBar
import org.countersign.ui.why

/** 11: own code and camera on one screen, in any order, without a network. */
class ExchangeScreen(host: Host) : Screen(host) {
  private val code = OwnCode(context, OwnCode.Words.NAME)
  private val preview = TextureView(context).apply { isOpaque = false }
  private val camera = FrameLayout(context)
  private val finder = Finder(context)
  private val notice: LinearLayout = context.column()

  /** Where the camera's frames arrive. */
  val scanner = Scanner(context) { frame(it) }
  private val isLooking = AtomicBoolean()
  private var isFront = false
  private var isLit = false

  /** The own code as it is drawn. */
  val modules: View get() = code.modules

  override val footColor = R.color.camera_bar

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_close, R.string.a_close, context.getString(R.string.qr_title), { host.back() }))
    put(code.view, start = 16, end = 16)
    put(context.text(R.string.qr_both, Style.SECOND).centered(), start = 24, end = 24, top = 12, bottom = 12)
    camera.setBackgroundColor(context.getColor(R.color.camera))
    camera.contentDescription = context.getString(R.string.a_camera)
    camera.addView(preview, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
    camera.addView(finder, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
    camera.addView(over(), FrameLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT, Gravity.TOP))
    put(camera, weight = 1f)
    put(tools())
  }

  private fun over() = context.column {
    put(context.text(R.string.qr_aim, Style.LABEL, R.color.on_camera).centered().heading(), start = 16, end = 16, top = 12)
    put(notice, start = 16, end = 16, top = 12)
  }

  private fun tools() = context.row {
    setBackgroundColor(context.getColor(R.color.camera_bar))
    pad(8, 8)
    put(tool(R.drawable.ic_light, R.string.qr_light, R.string.qr_light) { light() }, weight = 1f)
    put(tool(R.drawable.ic_phone, R.string.qr_front, R.string.a_front) { turn() }, weight = 1f)
    put(tool(R.drawable.ic_image, R.string.qr_picture, R.string.qr_picture) { pick() }, weight = 1f)
  }

  private fun tool(icon: Int, words: Int, spoken: Int, onTap: () -> Unit) = context.column {
    gravity = Gravity.CENTER_HORIZONTAL
    minimumHeight = context.dp(56)
    putIcon(icon, R.color.on_camera, gravity = Gravity.CENTER_HORIZONTAL)
    val label = context.text(words, Style.TAB, R.color.on_camera).centered()
    label.importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
    put(label, top = 4)
    contentDescription = context.getString(spoken)
    background = context.ripple(null, context.dp(12))
    setOnClickListener { onTap() }
  }

  override suspend fun load() {
    val exchange = session.account()?.qrExchange() ?: return
    code.show(exchange.screen(if (isAllowed()) CameraState.READY else CameraState.DENIED).code)
  }

  override fun appeared() {
    // Full brightness, and the screen stays on: the other phone reads it.
    host.activity.window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
    brightness(1f)
    preview.surfaceTextureListener =
      object : TextureView.SurfaceTextureListener {
        override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = startCamera(surface)

        override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) {}

        override fun onSurfaceTextureDestroyed(surface: SurfaceTexture) = true.also { scanner.stop() }

        override fun onSurfaceTextureUpdated(surface: SurfaceTexture) {}
      }
    if (isAllowed()) preview.surfaceTexture?.let(::startCamera) else askForCamera()
    scope.launch {
      // A code starts a meeting for ten minutes; it is made anew before.
      while (isActive) {
        delay(NEW_CODE_MS)
        reloadSoon()
      }
    }
  }

  override fun disappeared() {
    scanner.stop()
    host.activity.window.clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
    brightness(WindowManager.LayoutParams.BRIGHTNESS_OVERRIDE_NONE)
  }

  private fun brightness(value: Float) {
    val window = host.activity.window
    window.attributes = window.attributes.apply { screenBrightness = value }
  }

  private fun isAllowed() = context.checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

  private fun startCamera(surface: SurfaceTexture) {
    if (isAllowed()) scanner.start(surface, isFront)
  }

  /** The own code works without the camera. */
  private fun askForCamera() {
    finder.visibility = View.GONE
    notice.removeAllViews()
    notice.put(context.banner(Shade.NEUTRAL, R.drawable.ic_scan, context.getString(R.string.qr_nocam)))
    notice.put(context.action(Kind.PRIMARY, R.string.qr_allow) { host.activity.requestPermissions(arrayOf(Manifest.permission.CAMERA), 0) }, top = 8)
  }

  override fun permitted() {
    if (!isAllowed()) return
    finder.visibility = View.VISIBLE
    notice.removeAllViews()
    preview.surfaceTexture?.let(::startCamera)
  }

  private fun light() {
    isLit = !isLit
    scanner.light(isLit)
  }

  private fun turn() {
    isFront = !isFront
    preview.surfaceTexture?.let(::startCamera)
  }

  private fun pick() {
    try {
      host.ask(Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/png"))
    } catch (_: ActivityNotFoundException) {
      // Nothing on this phone offers pictures.
      tell(context.getString(R.string.er_other))
    }
  }

  /** A picture counts as a card: it may be old, and nobody was met. */
  override fun answered(data: Intent) {
    val uri = data.data ?: return
    scope.launch {
      when (val picked = host.pickedFile(uri)) {
        is Picked.Taken -> read { session.account()?.qrExchange()?.scanCard(picked.file.bytes) }
        is Picked.Refused -> tell(context.getString(picked.why))
      }
    }
  }

  /** One frame of the camera, from its thread; dropped while another one is looked at. */
  private fun frame(frame: CameraFrame) {
    if (!isLooking.compareAndSet(false, true)) return
    scope.launch {
      read { session.account()?.qrExchange()?.meetFrame(frame) }
      isLooking.set(false)
    }
  }

  private suspend fun read(scan: suspend () -> Scanned?) {
    try {
      scan()?.let(::recognised)
    } catch (error: CoreException) {
      tell(context.why(error))
    }
  }

  private fun tell(words: String) {
    notice.removeAllViews()
    notice.put(context.banner(Shade.CAUTION, R.drawable.ic_warn, words))
  }

  private fun recognised(scanned: Scanned) {
    val (address, name) =
      when (scanned) {
        is MeetingScanned -> scanned.address to scanned.name
        is CardScanned -> scanned.address to scanned.name
      }
    context.getSystemService(Vibrator::class.java)?.vibrate(VibrationEffect.createOneShot(VIBRATE_MS, VibrationEffect.DEFAULT_AMPLITUDE))
    view.announceForAccessibility(context.getString(R.string.a_scanned, name))
    session.scanned = scanned
    session.syncSoon()
    host.replace(Place(Place.Kind.SCANNED, address))
  }

  private companion object {
    const val NEW_CODE_MS = 9 * 60 * 1000L
    const val VIBRATE_MS = 40L
  }
}
