package com.google.android.material.button

import android.content.Context
import android.widget.Button

/** Stand-in: the accessibility test framework asks whether a view is one. None is ever made. */
class MaterialButton(context: Context) : Button(context) {
  fun isCheckable() = false
}
