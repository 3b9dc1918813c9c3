// Not verified here, see ../settings.gradle.kts.
plugins {
    id("com.android.application") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.21"
}

val made = rootDir.resolve("../target/android/apk")

android {
    namespace = "org.countersign"
    compileSdk = 35
    defaultConfig {
        applicationId = "org.countersign"
        minSdk = 28
        targetSdk = 35
        versionCode = 1
        versionName = "0.1.0"
    }
    sourceSets.getByName("main") {
        kotlin.srcDirs("src/main/kotlin", made.resolve("bindings"), made.resolve("words"))
        res.srcDirs("src/main/res", made.resolve("res"))
        // libcountersign_ffi.so by ABI, as `cargo xtask android apk` leaves them.
        jniLibs.srcDirs(made.resolve("lib"))
    }
    kotlinOptions.jvmTarget = "17"
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    implementation("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}
