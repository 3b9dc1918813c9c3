package org.countersign

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.Paint
import android.media.Image
import android.view.View
import java.nio.ByteBuffer
import java.util.Random

/**
 * What a phone's camera gives when it is held over another phone's screen: a YUV_420_888 image of 1280x720 from a sensor that lies
 * across, the screen a little tilted and not filling it, with noise, rows padded, and the last row not.
 */
class Camera {
  fun see(screen: View): Image = image(screen)

  fun seeNothing(): Image = image(null)

  private fun image(screen: View?): Image {
    val scene = Bitmap.createBitmap(WIDTH, HEIGHT, Bitmap.Config.ARGB_8888)
    val canvas = Canvas(scene).apply { drawColor(Color.rgb(70, 74, 78)) }
    screen?.let { canvas.drawBitmap(pixels(it), across(it), Paint(Paint.FILTER_BITMAP_FLAG)) }
    return Seen(luma(scene))
  }

  private fun pixels(view: View): Bitmap =
    Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888).also { view.draw(Canvas(it)) }

  private fun across(view: View) =
    Matrix().apply {
      val scale = SIZE / view.width
      postTranslate(-view.width / 2f, -view.height / 2f)
      postScale(scale, scale)
      postRotate(90f + 5f)
      postTranslate(WIDTH / 2f + 20, HEIGHT / 2f - 12)
    }

  private fun luma(scene: Bitmap): ByteArray {
    val pixels = IntArray(WIDTH * HEIGHT)
    scene.getPixels(pixels, 0, WIDTH, 0, 0, WIDTH, HEIGHT)
    val noise = Random(1)
    val luma = ByteArray(STRIDE * (HEIGHT - 1) + WIDTH)
    for (y in 0 until HEIGHT) {
      for (x in 0 until WIDTH) {
        val pixel = pixels[y * WIDTH + x]
        val grey = (Color.red(pixel) * 77 + Color.green(pixel) * 150 + Color.blue(pixel) * 29) shr 8
        luma[y * STRIDE + x] = (grey * 3 / 4 + 30 + noise.nextGaussian() * 6).toInt().coerceIn(0, 255).toByte()
      }
    }
    return luma
  }

  private class Seen(luma: ByteArray) : Image() {
    private val y =
      object : Plane() {
        override fun getRowStride() = STRIDE

        override fun getPixelStride() = 1

        override fun getBuffer(): ByteBuffer = ByteBuffer.wrap(luma)
      }

    override fun getFormat() = ImageFormat.YUV_420_888

    override fun getWidth() = WIDTH

    override fun getHeight() = HEIGHT

    override fun getTimestamp() = 0L

    override fun getTransform() = 0

    override fun getScalingMode() = 0

    override fun getPlanes(): Array<Plane> = arrayOf(y)

    override fun close() = Unit
  }

  private companion object {
    const val WIDTH = 1280
    const val HEIGHT = 720
    const val STRIDE = 1344
    const val SIZE = 560f
  }
}
