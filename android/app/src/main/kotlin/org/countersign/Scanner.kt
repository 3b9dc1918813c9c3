package org.countersign

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.util.Size
import android.view.Surface
import org.countersign.bridge.CameraFrame

/**
 * The camera: a preview on a surface, and its luma planes one at a time to [onFrame], on the camera's own thread. While a frame is
 * being looked at, later ones are dropped.
 */
class Scanner(context: Context, private val onFrame: (CameraFrame) -> Unit) {
  private val cameras = context.getSystemService(CameraManager::class.java)
  @Volatile private var thread: HandlerThread? = null
  @Volatile private var reader: ImageReader? = null
  @Volatile private var device: CameraDevice? = null
  @Volatile private var capture: CameraCaptureSession? = null
  @Volatile private var request: CaptureRequest.Builder? = null
  private var isFront = false

  /** The permission must be there. False when there is no such camera. */
  @SuppressLint("MissingPermission")
  fun start(preview: SurfaceTexture, isFront: Boolean): Boolean {
    stop()
    this.isFront = isFront
    return works { open(preview) }.also { if (!it) stop() }
  }

  @SuppressLint("MissingPermission")
  private fun open(preview: SurfaceTexture): Boolean {
    val id = find(isFront) ?: return false
    val size = frameSize(id) ?: return false
    val worker = HandlerThread("camera").also { it.start() }
    thread = worker
    val handler = Handler(worker.looper)
    val images = ImageReader.newInstance(size.width, size.height, ImageFormat.YUV_420_888, 2)
    reader = images
    images.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::look) }, handler)
    preview.setDefaultBufferSize(size.width, size.height)
    cameras.openCamera(id, opened(Surface(preview), images, worker), handler)
    return true
  }

  /** False when the camera is another app's, was switched off or taken away, or is closed meanwhile. */
  private inline fun works(use: () -> Boolean): Boolean =
    try {
      use()
    } catch (_: CameraAccessException) {
      false
    } catch (_: SecurityException) {
      false
    } catch (_: IllegalStateException) {
      false
    } catch (_: IllegalArgumentException) {
      false
    }

  fun light(isOn: Boolean) {
    val (session, builder) = (capture ?: return) to (request ?: return)
    builder.set(CaptureRequest.FLASH_MODE, if (isOn) CaptureRequest.FLASH_MODE_TORCH else CaptureRequest.FLASH_MODE_OFF)
    works { session.setRepeatingRequest(builder.build(), null, null) >= 0 }
  }

  fun stop() {
    val worker = thread
    thread = null
    capture?.close()
    device?.close()
    reader?.close()
    worker?.quitSafely()
    capture = null
    device = null
    reader = null
    request = null
  }

  private fun find(isFront: Boolean): String? {
    val wanted = if (isFront) CameraCharacteristics.LENS_FACING_FRONT else CameraCharacteristics.LENS_FACING_BACK
    val all = cameras.cameraIdList
    return all.firstOrNull { cameras.getCameraCharacteristics(it).get(CameraCharacteristics.LENS_FACING) == wanted } ?: all.firstOrNull()
  }

  /** Enough for a code, little enough to be read at once. */
  private fun frameSize(id: String): Size? {
    val map = cameras.getCameraCharacteristics(id).get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
    val sizes = map?.getOutputSizes(ImageFormat.YUV_420_888) ?: return null
    return sizes.filter { it.width <= MAX_WIDTH }.maxByOrNull { it.width * it.height } ?: sizes.minByOrNull { it.width * it.height }
  }

  private fun opened(preview: Surface, images: ImageReader, worker: HandlerThread) =
    object : CameraDevice.StateCallback() {
      @Suppress("DEPRECATION") // Its successor needs API 28 executors and says the same.
      override fun onOpened(camera: CameraDevice) {
        device = camera
        // Stopped while it was being opened: nobody else would close it. [stop] sets the thread first and closes the device then.
        if (thread !== worker) return camera.close()
        val isSetUp = works {
          val builder = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
          builder.addTarget(preview)
          builder.addTarget(images.surface)
          builder.set(CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE)
          request = builder
          val handler = Handler(worker.looper)
          camera.createCaptureSession(listOf(preview, images.surface), configured(builder, handler), handler)
          true
        }
        if (!isSetUp) camera.close()
      }

      override fun onDisconnected(camera: CameraDevice) = camera.close()

      override fun onError(camera: CameraDevice, error: Int) = camera.close()
    }

  private fun configured(builder: CaptureRequest.Builder, handler: Handler) =
    object : CameraCaptureSession.StateCallback() {
      override fun onConfigured(session: CameraCaptureSession) {
        capture = session
        works { session.setRepeatingRequest(builder.build(), null, handler) >= 0 }
      }

      override fun onConfigureFailed(session: CameraCaptureSession) = session.close()
    }

  /** Hands on the Y plane of a YUV_420_888 image, as it is: the reader knows what a row's stride is. */
  fun look(image: Image) {
    val plane = image.planes[0]
    val octets = ByteArray(plane.buffer.remaining()).also { plane.buffer.get(it) }
    onFrame(CameraFrame(image.width.toUInt(), image.height.toUInt(), plane.rowStride.toUInt(), octets))
  }

  private companion object {
    const val MAX_WIDTH = 1280
  }
}
