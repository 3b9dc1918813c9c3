// Not verified here: neither Gradle nor Android's plugin runs on the machines that test this project. `cargo xtask android test` builds
// with Maven (pom.xml). This is for Android Studio; run `cargo xtask android test` once before, which makes target/android.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "Countersign"
include(":app")
