package org.countersign

import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.Rect
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.FrameLayout
import android.widget.ImageButton
import android.widget.TextView
import com.google.android.apps.common.testing.accessibility.framework.AccessibilityCheckPreset
import com.google.android.apps.common.testing.accessibility.framework.AccessibilityCheckResult.AccessibilityCheckResultType
import com.google.android.apps.common.testing.accessibility.framework.Parameters
import com.google.android.apps.common.testing.accessibility.framework.checks.DuplicateSpeakableTextCheck
import com.google.android.apps.common.testing.accessibility.framework.checks.TextContrastCheck
import com.google.android.apps.common.testing.accessibility.framework.uielement.AccessibilityHierarchyAndroid
import com.google.android.apps.common.testing.accessibility.framework.utils.contrast.BitmapImage
import java.util.Locale
import org.countersign.ui.ActionButton

/** What is wrong with a window for people who hear it, touch it with a whole thumb, or read it large. */
object Accessibility {
  /** Labels, targets of 48 dp, contrast, and what can't be told apart by ear, over the views and their [pixels]. */
  fun problems(window: View, pixels: Bitmap): List<String> = byFramework(window, pixels) + pale(window, pixels) + alike(window)

  /** Google's Accessibility Test Framework, but for two checks which [pale] and [alike] make more exactly. */
  private fun byFramework(window: View, pixels: Bitmap): List<String> {
    val tree = AccessibilityHierarchyAndroid.newBuilder(window).build()
    val parameters = Parameters().apply { putScreenCapture(BitmapImage(pixels)) }
    return AccessibilityCheckPreset.getAccessibilityHierarchyChecksForPreset(AccessibilityCheckPreset.LATEST)
      .flatMap { it.runCheckOnHierarchy(tree, null, parameters) }
      .filter { it.type == AccessibilityCheckResultType.ERROR || it.type == AccessibilityCheckResultType.WARNING }
      .filter { it.sourceCheckClass != TextContrastCheck::class.java && it.sourceCheckClass != DuplicateSpeakableTextCheck::class.java }
      .map { result ->
        val element = result.element
        val words: String = listOf<Any?>(element?.contentDescription, element?.text).filterNotNull().joinToString()
        val what: String = if (element == null) "" else "$words in " + element.boundsInScreen.toString()
        "${result.sourceCheckClass.simpleName}: ${result.getRawShortMessage(Locale.ENGLISH)} $what"
      }
  }

  /** Text with less than 4.5 : 1 against the colour that most of its place has (WCAG 2.2, 1.4.3); what is switched off may be paler. */
  private fun pale(window: View, pixels: Bitmap): List<String> =
    views(window).filterIsInstance<TextView>().filter { it.isShown && isOn(it) && !isCovered(it) }.mapNotNull { view ->
      val isHint = view.text.isEmpty()
      val place = Rect()
      if ((isHint && view.hint.isNullOrEmpty()) || !view.getGlobalVisibleRect(place)) return@mapNotNull null
      val ratio = contrast(if (isHint) view.currentHintTextColor else view.currentTextColor, mostOf(pixels, place) ?: return@mapNotNull null)
      "pale: '${if (isHint) view.hint else view.text}' has %.1f : 1".format(Locale.ROOT, ratio).takeIf { ratio < ENOUGH }
    }.toList()

  /** Nothing above it is switched off. */
  private fun isOn(view: View) = generateSequence(view) { it.parent as? View }.all { it.isEnabled && it.alpha == 1f }

  /** Something floats over it; it can be scrolled out from under. */
  private fun isCovered(view: View): Boolean {
    val place = Rect().also(view::getGlobalVisibleRect)
    return generateSequence(view) { it.parent as? View }.any { each ->
      val parent = each.parent as? FrameLayout ?: return@any false
      (parent.indexOfChild(each) + 1 until parent.childCount).map(parent::getChildAt).any { over ->
        val at = Rect()
        over.isShown && over.hasOnClickListeners() && over.getGlobalVisibleRect(at) && Rect.intersects(at, place)
      }
    }
  }

  private fun mostOf(pixels: Bitmap, place: Rect): Int? {
    if (!place.intersect(0, 0, pixels.width, pixels.height)) return null
    val all = IntArray(place.width() * place.height())
    pixels.getPixels(all, 0, place.width(), place.left, place.top, place.width(), place.height())
    return all.toList().groupingBy { it }.eachCount().maxBy { it.value }.key
  }

  private fun contrast(one: Int, other: Int): Double {
    val (darker, lighter) = listOf(Color.luminance(one), Color.luminance(other)).sorted()
    return (lighter + 0.05) / (darker + 0.05)
  }

  /** Buttons of one window that are spoken the same. */
  private fun alike(window: View): List<String> =
    views(window).filter { it.isShown && it.isClickable && (it is ImageButton || it is ActionButton) }
      .groupBy { it.contentDescription?.toString().orEmpty() }.filterValues { it.size > 1 }.keys.map { "two buttons are called '$it'" }

  /** Text that does not fit: only what is made to shorten (one line, an ellipsis) may. */
  fun cut(window: View): List<String> = views(window).filterIsInstance<TextView>().filter { it.isShown && it.width > 0 }.mapNotNull(::cut).toList()

  private fun cut(view: TextView): String? {
    val layout = view.layout ?: return null
    if (view is EditText || view.ellipsize != null) return null
    val room = view.height - view.compoundPaddingTop - view.compoundPaddingBottom
    val widest = (0 until layout.lineCount).maxOf(layout::getLineMax)
    val isCut = layout.height > room + 1 || widest > view.width - view.compoundPaddingLeft - view.compoundPaddingRight + 1 || isOutside(view)
    return "cut: '${view.text}'".takeIf { isCut }
  }

  /** Beyond the side of the window. */
  private fun isOutside(view: View): Boolean {
    val at = IntArray(2).also(view::getLocationInWindow)
    return at[0] < 0 || at[0] + view.width > view.rootView.width
  }

  private const val ENOUGH = 4.5

  fun views(root: View): Sequence<View> = sequence {
    yield(root)
    if (root is ViewGroup) for (index in 0 until root.childCount) yieldAll(views(root.getChildAt(index)))
  }
}
